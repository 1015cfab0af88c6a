// The part of Vulkan that fitrun calls, without its headers.
//
// From the Vulkan registry, 1.3; VK_EXT_memory_budget and VK_EXT_pci_bus_info.
// No device is created and nothing is allocated: all of this is asked of
// physical devices. All functions come from vkGetInstanceProcAddr.

#pragma once

#include <cstddef>
#include <cstdint>

namespace fitrun::vulkan {

inline constexpr int kSuccess = 0;
inline constexpr int kIncomplete = 5;
inline constexpr int kInitializationFailed = -3;  // a driver without its GPU
inline constexpr int kIncompatibleDriver = -9;    // no driver at all

enum Type : std::uint32_t {
  application_info = 0,
  instance_create_info = 1,
  properties_2 = 1000059001,
  memory_properties_2 = 1000059006,
  pci_bus_info = 1000212000,
  memory_budget = 1000237000,
};

enum DeviceType : std::uint32_t {
  other = 0,
  integrated = 1,
  discrete = 2,
  virtual_gpu = 3,
  cpu = 4,
};

inline constexpr std::uint32_t kApiVersion = 1U << 22 | 1U << 12;  // 1.1
inline constexpr std::uint32_t kDeviceLocal = 1;
inline constexpr std::uint32_t kHeaps = 16;
inline constexpr std::uint32_t kMemoryTypes = 32;

struct ApplicationInfo {
  std::uint32_t type;
  const void* next;
  const char* application;
  std::uint32_t application_version;
  const char* engine;
  std::uint32_t engine_version, api_version;
};

struct InstanceCreateInfo {
  std::uint32_t type;
  const void* next;
  std::uint32_t flags;
  const ApplicationInfo* application;
  std::uint32_t layer_count;
  const char* const* layers;
  std::uint32_t extension_count;
  const char* const* extensions;
};

struct ExtensionProperties {
  char name[256];
  std::uint32_t version;
};
static_assert(sizeof(ExtensionProperties) == 260);

struct Properties2 {
  std::uint32_t type;
  void* next;
  std::uint32_t api_version, driver_version, vendor, device, device_type;
  char name[256];
  unsigned char cache_uuid[16];
  alignas(8) unsigned char limits[504];
  std::uint32_t sparse[5];
};
static_assert(sizeof(Properties2) == 840 && offsetof(Properties2, name) == 36);

struct PciBusInfo {
  std::uint32_t type;
  void* next;
  std::uint32_t domain, bus, device, function;
};
static_assert(sizeof(PciBusInfo) == 32);

struct MemoryHeap {
  std::uint64_t size;
  std::uint32_t flags;
};

struct MemoryProperties2 {
  std::uint32_t type;
  void* next;
  std::uint32_t type_count;
  struct {
    std::uint32_t flags, heap;
  } types[kMemoryTypes];
  std::uint32_t heap_count;
  MemoryHeap heaps[kHeaps];
};
static_assert(sizeof(MemoryProperties2) == 536 &&
              offsetof(MemoryProperties2, heaps) == 280);

struct MemoryBudget {
  std::uint32_t type;
  void* next;
  std::uint64_t budget[kHeaps];
  std::uint64_t usage[kHeaps];
};
static_assert(sizeof(MemoryBudget) == 272 &&
              offsetof(MemoryBudget, usage) == 144);

struct Instance;
struct PhysicalDevice;

using Function = void();
using GetProcFn = Function*(Instance*, const char*);
using CreateInstanceFn = int(const InstanceCreateInfo*, const void*,
                             Instance**);
using EnumerateDevicesFn = int(Instance*, std::uint32_t*, PhysicalDevice**);
using EnumerateExtensionsFn = int(PhysicalDevice*, const char*, std::uint32_t*,
                                  ExtensionProperties*);
using PropertiesFn = void(PhysicalDevice*, Properties2*);
using MemoryPropertiesFn = void(PhysicalDevice*, MemoryProperties2*);

}  // namespace fitrun::vulkan
