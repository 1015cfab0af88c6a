// What the jobs of a run took, each followed from its start to its end: for
// each kind how many there were and how large, and the largest jobs by name.
// Pure.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "hold/jobs.h"

namespace fitrun {

// All jobs of one kind (job_kind); bytes.
struct KindPeaks {
  std::string kind;
  std::uint64_t jobs = 0;
  std::uint64_t mean = 0;
  std::uint64_t most = 0;
  friend bool operator==(const KindPeaks&, const KindPeaks&) = default;
};

// One job (job_key); bytes.
struct JobPeak {
  std::string key;
  std::uint64_t bytes = 0;
  friend bool operator==(const JobPeak&, const JobPeak&) = default;
};

// What a record keeps at most.
inline constexpr std::size_t kMostKinds = 16;
inline constexpr std::size_t kMostJobPeaks = 16;

struct JobPeaks {
  std::vector<KindPeaks> kinds{};  // the kinds that take most first
  std::vector<JobPeak> largest{};  // the largest first
};

class JobWatch {
 public:
  // `project` as for job_key().
  explicit JobWatch(std::string project) : project_(std::move(project)) {}

  // One look. A job that was seen in one look only is forgotten: it was too
  // short for its size to be known.
  void look(const std::vector<SeenProcess>& tree, const JobView& view);

  // With those that still run.
  JobPeaks peaks() const;

 private:
  struct Followed {
    ProcessId id;
    std::string key;
    std::string kind;
    std::uint64_t bytes = 0;
    std::uint64_t looks = 0;
    std::uint64_t last_look = 0;
  };
  struct Kind {
    std::uint64_t jobs = 0;
    std::uint64_t most = 0;
    double sum = 0;
  };
  struct Ended {
    std::unordered_map<std::string, Kind> kinds;
    std::unordered_map<std::string, std::uint64_t> jobs;  // bytes by key
  };
  static void end(Ended& ended, const Followed& job);

  std::string project_;
  std::unordered_map<pid_t, Followed> running_;
  Ended ended_;
  std::uint64_t looks_ = 0;
};

}  // namespace fitrun
