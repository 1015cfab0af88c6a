// /proc/meminfo: what the whole machine has.
//
// MemAvailable is the kernel's own estimate of what can be allocated without
// swapping (Linux 3.14; Documentation/filesystems/proc.rst). It knows nothing
// of containers, cpusets or limits: those are constraints of their own. In an
// LXC container the file may be written by lxcfs, and is then no word of the
// kernel's.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "probe/zoneinfo.h"

namespace fitrun {

// Bytes. The file says kB and means KiB.
struct Meminfo {
  std::optional<std::uint64_t> total, free, available;
  std::optional<std::uint64_t> active_file, inactive_file;
  std::optional<std::uint64_t> reclaimable;  // KReclaimable, else SReclaimable
  std::optional<std::uint64_t> commit_limit, committed;
  std::optional<std::uint64_t> swap;  // SwapTotal
};

// Keys that are absent or not a number stay empty. Reads
// /sys/devices/system/node/node*/meminfo too, whose lines begin with "Node 0".
Meminfo parse_meminfo(std::string_view text);

// What the machine can give by the kernel's formula, from these figures and the
// zones' watermarks, in bytes. Without zones the watermarks are unknown, and
// only what is free is certain.
std::optional<std::uint64_t> estimate_available(
    const Meminfo& info, const std::vector<ZoneNode>& zones,
    std::uint64_t page_size);

}  // namespace fitrun
