// /proc/self/limits: what `ulimit` allows one process.
//
// RLIMIT_AS and RLIMIT_DATA refuse memory to each process by itself, so they
// cap a worker and never the sum of workers. They count virtual memory: more
// than a process ever touches. RLIMIT_RSS does nothing on Linux (getrlimit(2)).

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "probe/constraint.h"

namespace fitrun {

// Soft limits; empty where unlimited or unknown.
struct Limits {
  std::optional<std::uint64_t> address_space;  // bytes
  std::optional<std::uint64_t> data;           // bytes
  std::optional<std::uint64_t> processes;      // of this user
};

Limits parse_limits(std::string_view text);

// Those of this process, by system calls.
Limits own_limits();

// The smallest limit on the memory of one process.
std::optional<ProcessCap> smallest_cap(const Limits& limits);

}  // namespace fitrun
