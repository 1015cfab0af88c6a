// The ZFS read cache (ARC): memory that MemAvailable counts as used although it
// is given back under pressure, because it is not page cache.

#pragma once

#include <cstdint>
#include <string_view>

namespace fitrun {

// Bytes of the ARC that can go, from /proc/spl/kstat/zfs/arcstats: what is
// marked evictable, but never below the configured minimum c_min; 0 where the
// text does not say (man 4 zfs, zfs_arc_min).
std::uint64_t evictable_arc(std::string_view arcstats);

}  // namespace fitrun
