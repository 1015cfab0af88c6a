// sysinfo(2): what the machine has, for a process that cannot read
// /proc/meminfo, as where /proc is mounted with subset=pid (Linux 5.8;
// systemd's ProcSubset=). It is the last to be asked: it does not count the
// page cache, which can be had too, so it says less than MemAvailable would.

#pragma once

#include <cstdint>
#include <optional>

struct sysinfo;

namespace fitrun {

struct SystemMemory {  // bytes
  std::uint64_t total = 0;
  std::uint64_t free = 0;  // of that, unused or in buffers
  std::uint64_t swap = 0;  // all of it, used or not
};

// The kernel counts in units of `mem_unit` bytes.
SystemMemory system_memory(const struct sysinfo& told);

// Of this machine; empty where the kernel refuses.
std::optional<SystemMemory> own_system_memory();

}  // namespace fitrun
