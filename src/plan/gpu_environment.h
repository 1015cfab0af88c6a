// The variables that show a program only some GPUs. Pure.
//
// By UUID where the runtime takes one, because numbers mean different GPUs to
// different libraries. The surprise is AMD: its lists stand one behind the
// other, so the one that is set is ROCm's own and all others must go.

#pragma once

#include <cstddef>
#include <vector>

#include "base/environment_changes.h"
#include "base/result.h"
#include "gpu/gpu.h"

namespace fitrun {

// For one program that uses these GPUs, all of one vendor and source, in this
// order. An error where there is no variable for them (Vulkan), or no name by
// which a GPU could be given.
Result<EnvironmentChanges> show_gpus(const std::vector<Gpu>& gpus);

// For a copy of the command that has `gpu` to itself, the `index`-th copy: the
// same, and FITRUN_GPU_INDEX and FITRUN_GPU_UUID for scripts.
Result<EnvironmentChanges> show_gpu(const Gpu& gpu, std::size_t index);

}  // namespace fitrun
