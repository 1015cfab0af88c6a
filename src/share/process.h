// What a process tree uses now, from /proc, as a bound from below.
//
// The number is subtracted from what a lease has set aside, so too much would
// give the same bytes to two launches, while too little only leaves some
// unused. Hence:
//
//   - Only anonymous memory counts (statm: resident - shared). Mapped files are
//     page cache, which MemAvailable counts as available still; a segment of
//     shared memory may be older than the lease.
//   - Memory that a child has from its parent is not counted twice. The exact
//     answer (PSS) walks page tables at 12 ms per GB. But a forked child can
//     share no more than its parent ever had, so it counts with what it has
//     beyond the parent's peak. Whether a child was forked or has exec'd since
//     is told by the address of its stack, which every exec draws anew.
//
// Pages that were given back with MADV_FREE are resident until somebody needs
// them, and are available already: survey.cpp takes them off.
//
// Memory swapped out is not counted: it will want its room back.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/process.h"
#include "os/process_memory.h"

namespace fitrun {

struct TreeMember {
  static constexpr std::size_t kNoParent = SIZE_MAX;
  std::size_t parent = kNoParent;  // index of the parent in the tree
  std::uint64_t anonymous = 0;     // bytes
  std::uint64_t peak = 0;          // bytes; only where a forked child needs it
  std::uint64_t stack_start = 0;
};

// Bytes that the members have at least, whatever they share.
std::uint64_t least_used(const std::vector<TreeMember>& members);

struct LeaseTree {
  std::vector<pid_t> pids;   // the roots first
  std::vector<pid_t> large;  // those whose memory counts
  std::uint64_t used = 0;    // bytes, at least
};

// The trees that grow from `roots`, as one, found as read_tree() does.
LeaseTree read_process_tree(const Host& host,
                            const std::vector<ProcessStat>& roots,
                            std::size_t most,
                            const ProcessTable* table = nullptr);

// The pids that were given out after `after`, up to `last`. They count upwards
// and then come round, so that `last` may be the smaller one.
struct PidRange {
  pid_t after = 0;
  pid_t last = std::numeric_limits<pid_t>::max();
  bool contains(pid_t pid) const {
    return after <= last ? pid > after && pid <= last
                         : pid > after || pid <= last;
  }
};

// The pid given out last, from /proc/loadavg (proc_loadavg(5)).
std::optional<pid_t> parse_last_pid(std::string_view text);

struct MarkedProcess {
  pid_t pid = 0;
  std::string mark;  // the value of the variable
};

// Looks for the processes whose environment, as they were started with it, sets
// `variable` to one of `marks`. Those of other users are not seen.
//
// One look is not a photograph: a process may be in the middle of an execve(2)
// when its turn comes, and one that has just been listed may leave a child and
// end. So each look says whether another one is needed, which reads only what
// the earlier ones have not.
class MarkSearch {
 public:
  MarkSearch(const Host& host, std::string_view variable,
             const std::vector<std::string>& marks)
      : host_(host), variable_(variable), marks_(marks) {}

  enum class Outcome {
    complete,  // nobody was overlooked
    ended,     // one has ended meanwhile, and may have left a child behind
    between,   // one was between two programs
  };
  // `range` holds the processes that may be found, by now.
  Outcome look(const PidRange& range);

  const std::vector<MarkedProcess>& found() const { return found_; }

 private:
  Outcome look_at(pid_t pid);

  const Host& host_;
  std::string_view variable_;
  const std::vector<std::string>& marks_;
  std::vector<pid_t> read_;  // in ascending order
  std::vector<MarkedProcess> found_;
};

}  // namespace fitrun
