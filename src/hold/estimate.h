// What a job will take at its peak, from what is known of it and its kind.
//
// Exact is the peak of the same command line in an earlier build. Else what
// half of its kind took, and as it grows, half of those that were as large:
// with one heavy file in ten, the largest of its name would make a whole build
// serial, and so would the mean after a few heavy ones. Else the bound that the
// stage or tool declares. Pure.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fitrun {

// The longest that whoever holds jobs waits from one look to the next.
inline constexpr std::chrono::milliseconds kLookPeriod{50};

// What a job is expected to take, in parts of its own peak in an earlier build:
// a twentieth more, as two builds of the same file differ by less; a tenth for
// ten seconds after a look that came more than 100 ms late. Where the processor
// is that short, jobs grow on before anybody can stop them.
class OwnMargin {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr double kUsual = 1.05;
  static constexpr double kLate = 1.10;

  void look(Clock::time_point now);  // at each look
  double factor() const { return factor_; }

 private:
  double factor_ = kUsual;
  std::optional<Clock::time_point> last_;  // look
  std::optional<Clock::time_point> late_;  // the last look that was
};

// All sizes are bytes.
struct PeakEstimate {
  std::uint64_t expected = 0;  // never below what the job has
  std::uint64_t most = 0;      // never below `expected`
  bool exact = false;
  bool unknown = false;  // nothing is known of its kind, and there is no bound
};

// What is known of one command line. The largest of its last three peaks
// counts: one that was lower for once (nothing changed, a cache) is no reason
// to expect less.
struct KnownJob {
  std::string kind;
  std::array<std::uint64_t, 3> peaks{};  // the newest first; 0: none
  std::uint64_t day = 0;                 // when it was last seen, after 1970

  std::uint64_t largest() const;
};

// Of command lines only hash_of() their key (job_key.h) is kept: there may be
// 20,000 of them.
using JobHash = std::uint64_t;

class KnownPeaks {
 public:
  // Of an earlier build.
  void add(JobHash job, KnownJob known);

  // Of a job that has just ended, bytes.
  void learn(const std::string& key, const std::string& kind,
             std::uint64_t peak, std::uint64_t day = 0);

  // `bound` is what a job takes at most, by declaration; `current` what this
  // one has now; `margin` is OwnMargin::factor().
  PeakEstimate estimate(const std::string& key, const std::string& kind,
                        std::uint64_t current,
                        std::optional<std::uint64_t> bound,
                        double margin = OwnMargin::kUsual) const;

  // Kinds of which there is a peak.
  std::size_t kinds() const { return kinds_.size(); }
  bool has_kind(const std::string& kind) const { return kinds_.contains(kind); }
  const std::unordered_map<JobHash, KnownJob>& jobs() const { return jobs_; }

 private:
  using Peaks = std::vector<std::uint64_t>;  // of one kind, ascending
  void count(const std::string& kind, std::uint64_t peak);

  std::unordered_map<JobHash, KnownJob> jobs_;
  std::unordered_map<std::string, Peaks> kinds_;
};

}  // namespace fitrun
