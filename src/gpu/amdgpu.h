// AMD's GPUs, from the files of the amdgpu driver: no library is needed.
//
// Bytes for the whole card and all processes, readable for everybody
// (Documentation/gpu/amdgpu/driver-misc.rst, "Memory Info"). Which card is
// ROCm's device 0 is said by the KFD topology, whose order is not that of DRM.
//
// The surprise: the "VRAM" of an APU is a part of the RAM that the firmware has
// put aside, often 512 MB, and programs use GTT beside it, which is RAM. What
// such a part can give is the larger of both, never their sum.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/drm.h"
#include "gpu/source.h"

namespace fitrun {

// A node of the KFD topology that is a GPU.
struct KfdNode {
  std::uint64_t render_minor = 0;  // 128 for renderD128
  std::uint64_t unique_id = 0;     // 0: none
};

// From the text of a node's `properties`; empty for a CPU.
std::optional<KfdNode> parse_kfd_node(std::string_view text);

// What the files of one card say, in bytes.
struct AmdMemory {
  std::optional<std::uint64_t> vram_total, vram_used, gtt_total, gtt_used;
  // Whether the card has a memory chip vendor or board data of its own.
  enum class Board { unknown, known } board = Board::unknown;
};

// An integrated part: no board, little VRAM and much GTT.
bool is_apu(const AmdMemory& memory);

namespace probe {

GpuListing amdgpu_gpus(const GpuMachine& machine,
                       const std::vector<DrmCard>& cards);

}  // namespace probe
}  // namespace fitrun
