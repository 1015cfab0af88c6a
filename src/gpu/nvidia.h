// The NVIDIA GPUs of this machine, by NVML or, where it cannot be loaded, by
// nvidia-smi: what a program will see of them, and what they can give.

#pragma once

#include <string>
#include <string_view>

#include "gpu/nvml.h"
#include "gpu/source.h"

namespace fitrun {

// "535.54.03" in /proc/driver/nvidia/version; empty where it is not there.
std::string kernel_driver_version(std::string_view text);

namespace probe {

// By NVML, in a child. Silent where there is no library and no driver.
GpuListing nvml_gpus(const GpuMachine& machine);

// What a report means for the program to be run: `report` as NVML or
// nvidia-smi gave it, `source` "nvml" or "nvidia-smi". Reads only limits and,
// for parts without memory of their own, the RAM.
GpuListing nvidia_listing(const GpuMachine& machine, NvmlReport report,
                          const std::string& source);

}  // namespace probe
}  // namespace fitrun
