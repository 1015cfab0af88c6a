// GPUs through Vulkan's VK_EXT_memory_budget: for those that no source of their
// vendor's speaks for (nouveau's NVK, V3D, Asahi), and an estimate.
//
// The budget is what the driver thinks this process could take, other processes
// considered. The surprise: a device without the extension still has a heap
// size, which says nothing of what is free, so such a device has no answer. Nor
// has a CPU that poses as a device (lavapipe): its memory is the RAM.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gpu/source.h"
#include "os/environment.h"

namespace fitrun {

struct VulkanDevice {
  std::string name;
  std::string address;       // PCI; empty where the driver does not say
  std::uint32_t vendor = 0;  // PCI vendor number
  std::uint32_t type = 0;    // vulkan_abi.h, DeviceType
  enum class Budget { unknown, known } budget_extension = Budget::unknown;
  // Bytes, of the largest heap on the device. Not the sum of heaps: a second
  // one is often a window on the first.
  std::uint64_t heap = 0, budget = 0, usage = 0;
};

struct VulkanReport {
  std::string not_loaded;  // why there is no library; empty: there is one
  int status = 0;          // VkResult of what failed; 0: nothing did
  std::vector<VulkanDevice> devices;
};

// For the program `drivers`: loads libvulkan.so.1, or what FITRUN_VULKAN names,
// without implicit layers, and writes down what the devices say.
std::string read_vulkan(const Environment& environment);

// What read_vulkan wrote.
Result<VulkanReport> parse_vulkan_report(std::string_view text);

// What is free for a new process: drivers have been seen with a budget beyond
// the heap and a usage beyond the budget.
std::uint64_t vulkan_free(const VulkanDevice& device);

namespace probe {

// Silent where something is broken too: it is the last resort.
GpuListing vulkan_gpus(const GpuMachine& machine);

}  // namespace probe
}  // namespace fitrun
