// The memory limits of our cgroup and of every ancestor that can be seen.
//
// A charge counts at each level up to the root, so memory is there only if it
// is there at every level, with limit and usage taken from the same level: the
// leaf may be empty while a neighbour fills the parent. What is reclaimable is
// the file pages on the LRU lists and the slab, not "file" or "cache", which
// contain tmpfs (Documentation/admin-guide/cgroup-v2.rst,
// cgroup-v1/memory.rst).

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/host.h"
#include "probe/cgroup.h"
#include "probe/constraint.h"

namespace fitrun {

// What a limit file says.
struct CgroupLimit {
  std::optional<std::uint64_t> bytes;  // empty where there is no limit
  std::string reason;                  // why: "max", or what is wrong with it
  bool usable = true;                  // false: something is wrong with it
};

// "max" and all numbers near 2^63 are no limit: version 1 prints the largest
// multiple of the page size below it. 0 is a limit.
CgroupLimit parse_cgroup_limit(std::string_view text);

// memory.stat, bytes. In version 1 only "total_" counts descendants too.
struct MemoryStat {
  std::optional<std::uint64_t> inactive_file, active_file, slab_reclaimable;
  std::optional<std::uint64_t> total_inactive_file, total_active_file;
  std::optional<std::uint64_t> total_swap;
  // Version 1; the second counts swap too.
  std::optional<std::uint64_t> hierarchical_memory_limit;
  std::optional<std::uint64_t> hierarchical_memsw_limit;
};

MemoryStat parse_memory_stat(std::string_view text);

// The part of `used` bytes that goes before anything is killed at `limit`. A
// little of each kind is kept, in the manner of the kernel's MemAvailable.
std::uint64_t reclaimable_at(std::uint64_t limit, std::uint64_t used,
                             const MemoryStat& stat, CgroupVersion version);

namespace probe {

// Adds "cgroup2.memory.max", "cgroup2.memory.high", "cgroup1.memory.limit",
// "cgroup1.memsw.limit" per level, leaf first, and "cgroup1.hidden_ancestor".
void cgroup_memory(const Host& host, const CgroupChain& chain,
                   PoolReading& reading);

// Adds a diagnostic where going over the binding limit would end everything in
// our cgroup at once, this launch included: memory.oom.group (Linux 4.19) is
// set between us and the level that binds.
void warn_of_group_kill(const Host& host, const CgroupChain& chain,
                        PoolReading& reading);

}  // namespace probe
}  // namespace fitrun
