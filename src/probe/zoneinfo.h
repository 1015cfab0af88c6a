// /proc/zoneinfo: the memory of each NUMA node, in pages, and the watermarks
// below which the kernel does not go. From it the kernel's own estimate of
// available memory can be made where /proc/meminfo has none, is a fiction
// (lxcfs) or speaks of more nodes than this process may use.
//
// Surprise: with deferred page initialisation the figures here can be far below
// those of /proc/meminfo, so they never replace a MemAvailable that is there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fitrun {

// Sums over zones, in pages.
struct ZoneTotals {
  std::uint64_t free = 0;
  std::uint64_t cache = 0;    // nr_active_file + nr_inactive_file
  std::uint64_t slab = 0;     // reclaimable: slab and misc
  std::uint64_t low = 0;      // low watermarks
  std::uint64_t reserve = 0;  // min(managed, high + max(protection))
};

struct ZoneNode {
  std::uint64_t node = 0;
  ZoneTotals totals;
};

// Nodes are numbered below this (CONFIG_NODES_SHIFT is at most 10).
inline constexpr std::size_t kMostNodes = 1024;

// One entry per node in the order of the file; what is not a number counts 0.
std::vector<ZoneNode> parse_zoneinfo(std::string_view text);

ZoneTotals sum(const std::vector<ZoneNode>& nodes);

// si_mem_available() of the kernel (mm/show_mem.c; mm/page_alloc.c before 6.3).
// Any unit, but the same for all.
std::uint64_t mem_available(const ZoneTotals& totals);

// With sums in bytes instead of pages.
ZoneTotals in_bytes(const ZoneTotals& pages, std::uint64_t page_size);

}  // namespace fitrun
