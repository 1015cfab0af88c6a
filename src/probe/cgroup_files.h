// What the files of a memory control group are called, in both versions
// (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).

#pragma once

#include "probe/cgroup.h"

namespace fitrun {

// In both: what its memory consists of.
inline constexpr const char* kMemoryStat = "memory.stat";

// Null where a version has no such file.
struct MemoryFiles {
  const char* limit;
  const char* usage;
  const char* high;        // a limit that throttles
  const char* peak;        // the largest usage
  const char* events;      // has a line "oom_kill"
  const char* swap_limit;  // version 1: of memory and swap together
  const char* swap_usage;  // the same; version 1 has swap alone in memory.stat
  const char* kernel_usage;  // version 2 has it in memory.stat
};

inline constexpr MemoryFiles kMemoryFiles1 = {"memory.limit_in_bytes",
                                              "memory.usage_in_bytes",
                                              nullptr,
                                              "memory.max_usage_in_bytes",
                                              "memory.oom_control",
                                              "memory.memsw.limit_in_bytes",
                                              "memory.memsw.usage_in_bytes",
                                              "memory.kmem.usage_in_bytes"};

inline constexpr MemoryFiles kMemoryFiles2 = {
    "memory.max",    "memory.current",  "memory.high",         "memory.peak",
    "memory.events", "memory.swap.max", "memory.swap.current", nullptr};

constexpr const MemoryFiles& memory_files(CgroupVersion version) {
  return version == CgroupVersion::v1 ? kMemoryFiles1 : kMemoryFiles2;
}

}  // namespace fitrun
