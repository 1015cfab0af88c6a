// What the search for GPUs is asked: which of them, for how many processes, and
// what to do about a broken one.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/device_choice.h"

namespace fitrun {

struct VramOptions {
  DeviceChoice devices;
  // Whether one process gets all of them, or each its own (spread = "pin"): of
  // MIG instances one process sees a single one.
  enum class Processes { one, one_per_gpu } processes = Processes::one;
  // A lost GPU among the selected ones.
  enum class Broken { refuse, skip } broken = Broken::refuse;
  // identity() of those whose processes are to be listed, as Gpu::processes, or
  // kEveryGpu. Only NVML does.
  std::vector<std::string> processes_of{};
  // Told once per driver that takes long: "waiting for the NVIDIA driver".
  std::function<void(const std::string&)> on_slow;
};

}  // namespace fitrun
