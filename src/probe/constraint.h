// What the sources of this machine say about one pool.
//
// A source that could not be read is not an error: it is a Constraint with a
// reason, and the plan shows it beside the ones that spoke. Unknown is neither
// zero nor unlimited. What a pool can give is the smallest number among its
// constraints; the one that gives it is said to bind. Where launches hold
// leases, a plan looks for the smallest budget instead (plan/pools.h).

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/pool.h"

namespace fitrun {

// What another launch has of a constraint's memory.
struct LeaseShare {
  std::string holder;       // "HTML (pid 4242)"
  std::uint64_t bytes = 0;  // the larger of what it set aside and what it uses
  std::uint64_t used = 0;   // of those
};

// All numbers are bytes.
struct Constraint {
  std::string name;   // "cgroup2.memory.max", "host.mem_available"
  std::string where;  // the file, folder or command that said it
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> used;
  std::optional<std::uint64_t> reclaimable;  // the part of `used` that can go
  std::optional<std::uint64_t> available;    // empty: the source is silent
  std::string reason;  // why it is silent: "not mounted", "max"
  bool exact = true;   // false: the truth is this much or less

  // Only for a level of a cgroup hierarchy: the file in the folder `where` (or
  // the key in its memory.stat).
  std::string file;
  // Whom the figure is for: the path of the cgroup, "/system.slice/ci.service",
  // or a batch job, "slurm:1234"; "" for the whole machine.
  std::string level;

  // The leases that count against it, and what they use of it together: missing
  // from `available`, and with that never more than `limit`.
  std::vector<LeaseShare> leased;
  std::uint64_t used_by_leases = 0;
};

// A limit on one process, like `ulimit -v`: it caps a worker, never the pool.
struct ProcessCap {
  std::string name;  // "rlimit.as"
  std::uint64_t bytes = 0;
};

// The name of a cap that no kernel keeps: what earlier runs were killed with.
inline constexpr std::string_view kHistoryCap = "history.oom_kill";
// Runs with `limit` workers took what is not there now, and no run says what
// fewer take.
inline constexpr std::string_view kOneCountCap = "history.one_count";

// A limit on how many processes there can be, in processes.
struct WorkerCap {
  std::string name;   // "cgroup2.pids.max", "rlimit.nproc", kHistoryCap
  std::string where;  // the file or folder that said it
  std::uint64_t limit = 0;
  std::optional<std::uint64_t> used;  // empty: unknown
  std::uint64_t workers = 1;          // how many more can start, at least 1
  std::string level;                  // as in Constraint
};

// Pressure Stall Information: how long nobody could run for want of memory.
struct Pressure {
  std::string where;
  double full_avg10 = 0;  // percent of the last 10 s
};

// Percent; above it the user is told.
inline constexpr double kHighPressure = 5;

// One pool, after every source has been asked.
struct PoolReading {
  Pool pool = Pool::ram;
  std::vector<Constraint> constraints;
  std::optional<ProcessCap> per_process_cap;
  // Bytes of swap behind this memory, used or not; 0 where there is none, or
  // nobody knows.
  std::uint64_t swap = 0;
  std::vector<std::string> diagnostics;  // sentences for the user
};

// The constraint that decides: the smallest `available`, the first of equals;
// null where every source is silent.
const Constraint* binding(const PoolReading& reading);

// The cap with the fewest workers, the first of equals; null without caps.
const WorkerCap* binding(const std::vector<WorkerCap>& caps);

// What to call the source in a sentence: "memory.max of
// /system.slice/ci.service", else its name.
std::string title(const Constraint& constraint);

}  // namespace fitrun
