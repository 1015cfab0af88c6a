// How much memory a run took with one job at a time, with two, with three: for
// each number of jobs that ran at once the most that was seen. One run of a
// build tool has many such numbers, so that a single run says what several runs
// at different counts say of other programs. Pure.
//
// What surprises: a small number of jobs is often seen only while the others
// are still to start or have just ended, with less memory than it could have.
// What counts is therefore the hull above the points (hull_of).

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace fitrun {

struct EnvelopePoint {
  std::uint64_t jobs = 0;
  std::uint64_t bytes = 0;  // of the whole tree
  friend bool operator==(const EnvelopePoint&, const EnvelopePoint&) = default;
};

// What a record keeps at most.
inline constexpr std::size_t kMostEnvelopePoints = 64;

class Envelope {
 public:
  void add(std::uint64_t jobs, std::uint64_t bytes);

  // In ascending order of jobs; where there are more than kMostEnvelopePoints,
  // the corners of the hull, the largest numbers of jobs first.
  std::vector<EnvelopePoint> points() const;

 private:
  std::map<std::uint64_t, std::uint64_t> most_;
};

// The corners of the least line above all points that never falls and never
// gets steeper, in ascending order of jobs. `points` may be in any order.
std::vector<EnvelopePoint> hull_of(std::vector<EnvelopePoint> points);

// Its height at a number of jobs between its first corner and its last; 0 for
// no hull, the nearest end outside.
double height_at(const std::vector<EnvelopePoint>& hull, double jobs);

}  // namespace fitrun
