// Intel's GPUs, from the i915 and xe drivers.
//
// Only the kernel knows what is free on an Intel card, and it tells only
// programs with CAP_PERFMON or CAP_SYS_ADMIN; to others it reports every byte
// as free. Level Zero and Vulkan pass the same numbers on. So without the
// capability there is no answer here: a wrong one would be the surprise.
//
// Integrated GPUs (PCI address 0000:00:02.0) take their memory from the RAM.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gpu/drm.h"
#include "gpu/source.h"

namespace fitrun {

// CAP_PERFMON of capability.h (Linux 5.8), a bit of CapEff.
inline constexpr unsigned kCapPerfmon = 38;

// Whether the kernel tells this process what is used on Intel's cards.
bool sees_intel_usage(const Rights& rights);

// Bytes of a card's local memory.
struct IntelMemory {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};

// From the binary reply to DRM_I915_QUERY_MEMORY_REGIONS (i915_drm.h, Linux
// 5.13) or DRM_XE_DEVICE_QUERY_MEM_REGIONS (xe_drm.h, Linux 6.8). Of several
// local memories (tiles) the one with the least free. Empty where there is none
// or the reply is cut off.
std::optional<IntelMemory> parse_i915_regions(std::string_view reply);
std::optional<IntelMemory> parse_xe_regions(std::string_view reply);

namespace probe {

// Discrete cards come before integrated ones, each by PCI address, and
// ZE_AFFINITY_MASK is read as numbers in that order. How Level Zero orders
// unlike cards is not documented.
GpuListing intel_gpus(const GpuMachine& machine,
                      const std::vector<DrmCard>& cards);

}  // namespace probe
}  // namespace fitrun
