// What a job will take at its peak, from what is known of it and its kind.
//
// Exact is the peak of the same command line in an earlier build. Else the mean
// of its kind, as long as it stays below: with one heavy file in ten, the
// largest of its name would make a whole build serial. Else the bound that the
// stage or tool declares. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace fitrun {

// All sizes are bytes.
struct PeakEstimate {
  std::uint64_t expected = 0;  // never below what the job has
  std::uint64_t most = 0;      // never below `expected`
  bool exact = false;
  bool unknown = false;  // nothing is known of its kind, and there is no bound
};

class KnownPeaks {
 public:
  // Of an earlier build, or of a job that has just ended.
  void learn(const std::string& key, const std::string& kind,
             std::uint64_t peak);

  // `bound` is what a job takes at most, by declaration; `current` what this
  // one has now.
  PeakEstimate estimate(const std::string& key, const std::string& kind,
                        std::uint64_t current,
                        std::optional<std::uint64_t> bound) const;

  // Kinds that were seen.
  std::size_t kinds() const { return kinds_.size(); }
  bool knows_kind(const std::string& kind) const {
    return kinds_.count(kind) != 0;
  }

 private:
  struct Kind {
    double sum = 0;
    std::uint64_t count = 0;
    std::uint64_t largest = 0;
  };
  std::unordered_map<std::string, std::uint64_t> peaks_;
  std::unordered_map<std::string, Kind> kinds_;
};

}  // namespace fitrun
