// The memory of a process and all its descendants, by looking again and again.
//
// Adding up resident sizes counts a shared page once per process: four workers
// forked from one parent of 1 GB are not 5 GB. Proportional sizes add up, and
// take long to read (process_memory.h). So the resident sizes, which are an
// upper bound, decide when a close look at smaps_rollup can pay.
//
// The processes of a look are read one after the other. One that gives a shared
// page back meanwhile leaves its share to those that are read later, which
// would then be counted twice: without_moved_shares() takes that out.
//
// Counted are anonymous memory, shared memory and what of both is in swap.
// Pages of files are not: the kernel drops them before anything is killed.
// Files that the tree writes to a tmpfs without mapping them are memory that is
// not seen here; a control group (job_cgroup.h) counts those too.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "os/process.h"
#include "os/process_memory.h"

namespace fitrun {

// The living processes of a tree. A process whose parent has ended stays in the
// tree once it was seen.
class TreeWatch {
 public:
  explicit TreeWatch(const Host& host) : host_(host) {}

  // Looks again, from these processes down; each pid once.
  const std::vector<pid_t>& refresh(const std::vector<pid_t>& roots);

  // Those of the last look.
  const std::vector<pid_t>& living() const { return living_; }
  const std::vector<ProcessStat>& processes() const { return processes_; }

 private:
  Host host_;
  std::vector<pid_t> living_;
  std::vector<ProcessStat> processes_;
};

// What this thread has used of a CPU. On a busy machine a look takes long
// without costing much.
std::chrono::microseconds processor_time();

// How long to wait after a glance at the resident sizes: ten times the
// processor time that it took, and longer in a long run, which is seen as well
// with fewer looks; 2 to 100 ms.
std::chrono::microseconds next_pause(std::chrono::microseconds elapsed,
                                     std::chrono::microseconds glance);

// Bytes, and time since the first look.
struct TreeGlance {
  std::uint64_t resident = 0;  // the sum of resident sizes now
  std::uint64_t peak = 0;      // the largest close look so far
  std::uint64_t resident_at_close_look = 0;
  std::chrono::microseconds spent_closely{0};  // processor time
  std::chrono::microseconds elapsed{0};
};

// Resident sizes are an upper bound: below the peak there is nothing to see.
// Above, growth is a reason to look closely; without growth shared pages may
// still turn private (copy on write), so while it costs little, too.
bool worth_a_close_look(const TreeGlance& glance);

// One process in a close look; bytes.
struct CloseLook {
  std::uint64_t before = 0;      // resident before any share was read
  std::uint64_t share = 0;       // its proportional size
  std::uint64_t given_back = 0;  // less resident after all shares were read
};

// The sum of the shares, less what processes that shared pages gave back while
// the others were read: never more than there was at one time.
std::uint64_t without_moved_shares(const std::vector<CloseLook>& looks);

class SampledPeak {
 public:
  explicit SampledPeak(const Host& host);

  // `closely` is whether a close look may be taken where it is worth it.
  void look(const std::vector<pid_t>& roots,
            std::chrono::steady_clock::time_point now, bool closely = true);

  std::uint64_t peak() const { return peak_; }      // bytes
  std::uint64_t latest() const { return latest_; }  // bytes, roughly
  std::uint64_t looks() const { return looks_; }
  // The largest part of one process that was pages of files, bytes.
  std::uint64_t largest_file_part() const { return largest_file_part_; }
  // Whether there were processes whose smaps_rollup could not be read: their
  // own resident size was taken.
  bool partly_resident() const { return partly_resident_; }
  std::chrono::microseconds pause() const { return pause_; }
  // Processor time of the close looks.
  std::chrono::microseconds spent_closely() const { return spent_closely_; }
  // The processes at the last look.
  const std::vector<pid_t>& living() const { return tree_.living(); }
  struct Process {
    ProcessStat stat;
    ResidentSize size;
  };
  const std::vector<Process>& processes() const { return processes_; }

 private:
  void look_closely();
  std::uint64_t given_back(const Process& process) const;

  Host host_;
  TreeWatch tree_;
  std::vector<Process> processes_;
  std::chrono::steady_clock::time_point first_;
  std::chrono::microseconds spent_closely_{0};
  std::chrono::microseconds pause_{0};
  std::uint64_t resident_at_close_look_ = 0;
  std::uint64_t at_close_look_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t latest_ = 0;
  std::uint64_t looks_ = 0;
  std::uint64_t largest_file_part_ = 0;
  bool partly_resident_ = false;
};

}  // namespace fitrun
