// What the sources of this machine say about one pool.
//
// A source that could not be read is not an error: it is a Constraint with a
// reason, and the plan shows it beside the ones that spoke. Unknown is neither
// zero nor unlimited. What a pool can give is the smallest number among its
// constraints; the one that gives it is said to bind.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/pool.h"

namespace fitrun {

// All numbers are bytes.
struct Constraint {
  std::string name;   // "cgroup2.memory.max", "host.mem_available"
  std::string where;  // the file or command that said it
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> used;
  std::optional<std::uint64_t> reclaimable;  // the part of `used` that can go
  std::optional<std::uint64_t> available;    // empty: the source is silent
  std::string reason;  // why it is silent: "not mounted", "max"
  bool exact = true;   // false: the truth is this much or less
};

// A limit on one process, like `ulimit -v`: it caps a worker, never the pool.
struct ProcessCap {
  std::string name;  // "rlimit.as"
  std::uint64_t bytes = 0;
};

// One pool, after every source has been asked.
struct PoolReading {
  Pool pool = Pool::ram;
  std::vector<Constraint> constraints;
  std::optional<ProcessCap> per_process_cap;
  std::vector<std::string> diagnostics;  // sentences for the user
};

// The constraint that decides: the smallest `available`, the first of equals;
// null where every source is silent.
const Constraint* binding(const PoolReading& reading);

}  // namespace fitrun
