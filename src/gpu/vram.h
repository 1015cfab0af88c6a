// The memory of GPUs: which ones the command will use, and what each can give.
// The one door of this folder for VRAM, and only for stages that need it: it
// loads libraries and starts children, which a RAM-only stage never pays for.
//
//   vram           asks, in this order, and stops at the first that answers
//    |- nvidia         nvml, cuda_visible     in a child; exact
//    |- amdgpu         drm, rocm_visible      sysfs; exact
//    |- intel          drm                    only where the kernel tells
//    |- vulkan                                in a child; an estimate
//    `- nvidia_smi                            where NVML cannot be loaded
//
// The surprises: a driver that is there and broken ends the search, because
// the next source would guess at the same GPU. And of two vendors' GPUs those
// are taken whose visibility variable is set, else NVIDIA's, then AMD's.
//
// Explicit bytes and the user's own probe come before all of this: see
// probe/custom.h. Variables, for tests and odd machines, which are ignored
// where fitrun has more rights than its caller:
//   FITRUN_NVML, FITRUN_CUDA, FITRUN_VULKAN   a library's file
//   FITRUN_NVIDIA_SMI                         a command
// and for everybody FITRUN_GPU_TIMEOUT, how long a driver may take: "30s".

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/drm_use.h"
#include "gpu/gpu.h"
#include "gpu/vram_options.h"
#include "probe/self.h"

namespace fitrun {

namespace probe {

// Finds and measures. With an `error`, `gpus` still lists what was found.
VramReading survey_gpus(Self& self, const VramOptions& options);

// The same for those who need a GPU: `used` is not empty. An error where no
// source knows the memory, where the command sees no GPU, where the selection
// names one that is not there, and where a selected GPU is broken.
Result<VramReading> vram(Self& self, const VramOptions& options);

// Bytes of all GPUs' memory that these processes hold, as sees_all_pids()
// counts them; empty where no driver tells. Asks NVML in a child, which may
// take seconds where the driver sleeps.
std::optional<std::uint64_t> vram_held(Self& self,
                                       const std::vector<pid_t>& pids);

}  // namespace probe
}  // namespace fitrun
