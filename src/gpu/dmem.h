// Limits of cgroups on GPU memory (the dmem controller).
//
// Linux 6.14, Documentation/admin-guide/cgroup-v2.rst, "DMEM". An allocation
// beyond dmem.max fails, so it clamps the GPU's memory as memory.max does RAM.
// Keys are regions: "drm/0000:03:00.0/vram0", "nvidia/0000:03:00.0/vidmem".

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/constraint.h"
#include "probe/self.h"

namespace fitrun {

// The value of the region of the device at the PCI address `address` in a file
// of lines "REGION VALUE". Empty where there is none, and for "max".
std::optional<std::uint64_t> dmem_value(std::string_view text,
                                        const std::string& address);

namespace probe {

// "cgroup2.dmem.max" of the levels that limit the device, ours first; empty
// where none does.
std::vector<Constraint> dmem_limits(Self& self, const std::string& address);

}  // namespace probe
}  // namespace fitrun
