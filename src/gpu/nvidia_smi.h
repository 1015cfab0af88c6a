// NVIDIA's GPUs by the command nvidia-smi: for machines where the command is
// there and its library cannot be loaded.
//
// It gives NVML's numbers in MiB, without MIG instances. The surprise: values
// that it does not know are words ("[N/A]", "[Insufficient Permissions]",
// "ERR!") in the place of numbers, and its errors go to stdout.

#pragma once

#include <string_view>

#include "base/result.h"
#include "gpu/nvml.h"
#include "gpu/source.h"

namespace fitrun {

// The output for
//   --query-gpu=index,uuid,pci.bus_id,name,memory.total,memory.free
//   --format=csv,noheader,nounits
// A name may hold commas. A line with too few fields is an error.
Result<NvmlReport> parse_nvidia_smi(std::string_view text);

namespace probe {

// FITRUN_NVIDIA_SMI names another command, for tests.
GpuListing nvidia_smi_gpus(const GpuMachine& machine);

}  // namespace probe
}  // namespace fitrun
