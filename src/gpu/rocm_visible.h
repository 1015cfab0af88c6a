// Which AMD and Intel GPUs a program will see, and as which device. Pure.
//
// ROCm has two lists, one behind the other: the runtime (ROCR) hides GPUs by
// ROCR_VISIBLE_DEVICES, and HIP numbers those that are left again and hides
// some of them by HIP_VISIBLE_DEVICES, or CUDA_VISIBLE_DEVICES where that is
// unset. So the surprise: ROCR=1 and HIP=1 together leave no GPU. Each list
// ends at its first bad entry, and unlike CUDA's a repeated entry does no harm
// to those before it (ROCR amd_filter_device.cpp, ROCclr rocdevice.cpp).

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "os/environment.h"

namespace fitrun {

struct DeviceList {
  std::vector<std::size_t> picks;  // device 0, 1, ... into what was given
  std::vector<std::string> notes;
  enum class Order { known, unclear } order = Order::known;
};

// `uuids` in ROCm's own order (that of the KFD topology), "GPU-" and 16
// hexadecimal digits; empty for a GPU without one.
DeviceList rocm_visible(const std::vector<std::string>& uuids,
                        const Environment& environment);

// Of `count` Intel GPUs by ZE_AFFINITY_MASK. Only a list of plain numbers is
// understood: in others, and where ONEAPI_DEVICE_SELECTOR is set, the order is
// unclear and all are picked.
DeviceList level_zero_visible(std::size_t count,
                              const Environment& environment);

}  // namespace fitrun
