// /proc/meminfo: what the whole machine has.
//
// MemAvailable is the kernel's own estimate of what can be allocated without
// swapping (Linux 3.14; Documentation/filesystems/proc.rst). It knows nothing
// of containers, cpusets or limits: those are constraints of their own.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "os/host.h"
#include "probe/constraint.h"

namespace fitrun {

// Bytes. The file says kB and means KiB.
struct Meminfo {
  std::optional<std::uint64_t> total, free, available;
};

// Keys that are absent or not a number stay empty.
Meminfo parse_meminfo(std::string_view text);

namespace probe {

// "host.mem_available", or why there is none.
Constraint host_memory(const Host& host);

}  // namespace probe
}  // namespace fitrun
