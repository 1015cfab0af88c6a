// Measures the peak memory of one run, in the best way that this machine
// allows, and says which way that was.
//
//   own control group     the kernel counts: exact (job_cgroup.h)
//   systemd's scope       the same, for users with a session of systemd's
//   sampling              proportional sizes of the tree (process_tree.h), at
//                         least the largest single process (ru_maxrss)
//
// A meter is made before the run, prepares the child, is asked to look while
// the child runs, and reads the result once it has ended.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "measure/job_cgroup.h"
#include "measure/oom_counter.h"
#include "measure/process_tree.h"
#include "run/supervise.h"

namespace fitrun {

enum class Certainty {
  counted,   // by the kernel
  at_least,  // sampled: a spike between two looks was missed
};

struct PeakReading {
  std::uint64_t bytes = 0;
  Certainty certainty = Certainty::at_least;
  std::string method;   // for people
  std::string why_not;  // why no control group counted; empty where one did
  std::uint64_t looks = 0;
  std::uint64_t page_cache = 0;  // the largest seen beside it, bytes
  // Kills by the kernel; empty where nothing counts them.
  std::optional<std::uint64_t> oom_kills;
  std::string oom_where;
  bool kills_are_its_own = false;     // counted where nobody else is
  std::optional<std::uint64_t> vram;  // bytes, largest sum over the processes
};

// Bytes of GPU memory that these processes hold; empty where nobody knows.
using VramOf =
    std::function<std::optional<std::uint64_t>(const std::vector<pid_t>&)>;

enum class MeterChoice { best, sampling };

struct MeterWishes {
  MeterChoice choice = MeterChoice::best;
  VramOf vram;  // may be empty
  // The run must not take more RAM than this: the kernel kills in the run's own
  // control group, and the rest of the run is ended with it.
  std::optional<std::uint64_t> at_most;
};

class PeakMeter {
 public:
  // `host` is the running machine.
  PeakMeter(const Host& host, const Environment& environment,
            MeterWishes wishes = {});

  // Lets the child start in the group that counts. To be called before the
  // child is started, while this stays where it is.
  void prepare(ChildSpec& spec);

  // Whether MeterWishes::at_most, if there is one, will hold.
  bool holds() const { return holds_; }

  // For Supervision::tick: looks, and says when to look again.
  std::chrono::milliseconds look(const std::vector<pid_t>& roots);

  // Bytes at the last look, for a progress line.
  std::uint64_t live() const;

  // By the kernel, of the run's processes alone; empty where nothing counts
  // them.
  std::optional<std::uint64_t> oom_kills() const { return group_kills_; }

  // Once the children have ended; `ends` may be empty for a process that was
  // not our child.
  PeakReading finish(const std::vector<ChildEnd>& ends);

 private:
  void find_scope(const std::vector<pid_t>& roots);
  void look_at_vram(const std::vector<pid_t>& roots);
  std::vector<pid_t> with_adopted(std::vector<pid_t> roots) const;
  void look_into_group();
  void describe_group(PeakReading& reading) const;

  Host host_;
  MeterWishes wishes_;
  OomCounter own_kills_;
  std::optional<JobCgroup> group_;
  CgroupPeak counted_;
  SampledPeak sampled_;
  TreeWatch tree_;  // for VRAM
  std::optional<std::chrono::steady_clock::time_point> first_;
  bool holds_ = false;
  bool waits_for_scope_ = false;  // systemd is to make one around the child
  std::string own_group_;         // what /proc/self/cgroup says
  std::string why_not_;
  std::optional<std::uint64_t> group_kills_;
  std::optional<std::uint64_t> vram_;
  std::chrono::steady_clock::time_point next_vram_;  // not to be asked before
};

}  // namespace fitrun
