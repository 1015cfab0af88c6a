// What the machine as a whole can give, with the cases in which MemAvailable is
// not that: a kernel without it, a container whose /proc/meminfo lxcfs writes,
// a read cache that is not page cache (ZFS), and a kernel that refuses memory
// it has (vm.overcommit_memory = 2).

#pragma once

#include "probe/constraint.h"
#include "probe/self.h"

namespace fitrun::probe {

// Adds "host.mem_available" (with "(estimated)" or "+zfs_arc" where it was made
// so) or "lxcfs.mem_available", "host.sysinfo" where that is silent, then
// "host.zoneinfo" and "host.commit_limit" where they apply. Sets the swap.
void host_memory(Self& self, PoolReading& reading);

}  // namespace fitrun::probe
