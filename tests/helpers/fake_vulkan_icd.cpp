// A Vulkan driver for the real loader, with as much as a look at memory needs.
// FAKE_VULKAN_GPUS holds its devices between ';', each fields between ',':
// name= type= vendor= pci= (bus, hexadecimal; absent: no VK_EXT_pci_bus_info)
// budget= usage= (absent: no VK_EXT_memory_budget) heap= small= (a second
// heap). FAKE_VULKAN_HANG makes vkEnumeratePhysicalDevices never return, and
// FAKE_VULKAN_CRASH makes it the end.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using Fields = std::map<std::string, std::string>;

// A handle of the loader's begins with a word that it fills in.
struct Device {
  std::uintptr_t loader = 0x01CDC0DE;
  Fields fields;

  std::uint64_t number(const char* key, int base = 0) const {
    const auto found = fields.find(key);
    return found == fields.end()
               ? 0
               : std::strtoull(found->second.c_str(), nullptr, base);
  }
  bool has(const char* key) const { return fields.count(key) != 0; }
};

struct Instance {
  std::uintptr_t loader = 0x01CDC0DE;
  std::vector<Device> devices;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text + separator) {
    if (c != separator) {
      part += c;
      continue;
    }
    if (!part.empty()) parts.push_back(part);
    part.clear();
  }
  return parts;
}

struct Chain {
  std::uint32_t type;
  Chain* next;
};

int create_instance(const void*, const void*, Instance** out) {
  auto* const instance = new Instance;
  const char* const spec = std::getenv("FAKE_VULKAN_GPUS");
  for (const std::string& record : split(spec ? spec : "", ';')) {
    Device device;
    for (const std::string& field : split(record, ',')) {
      const std::size_t equals = field.find('=');
      device.fields[field.substr(0, equals)] = field.substr(equals + 1);
    }
    instance->devices.push_back(device);
  }
  *out = instance;
  return 0;
}

void destroy_instance(Instance* instance, const void*) {
  delete instance;
}

int enumerate_devices(Instance* instance, std::uint32_t* count, Device** out) {
  if (std::getenv("FAKE_VULKAN_HANG"))
    while (true) ::pause();
  if (std::getenv("FAKE_VULKAN_CRASH")) std::abort();
  const auto all = static_cast<std::uint32_t>(instance->devices.size());
  if (out)
    for (std::uint32_t i = 0; i < *count && i < all; ++i)
      out[i] = &instance->devices[i];
  *count = all;
  return 0;
}

struct Extension {
  char name[256];
  std::uint32_t version;
};

int enumerate_device_extensions(const Device* device, const char*,
                                std::uint32_t* count, Extension* out) {
  std::vector<std::string> names{"VK_KHR_maintenance1"};
  if (device->has("pci")) names.emplace_back("VK_EXT_pci_bus_info");
  if (device->has("budget")) names.emplace_back("VK_EXT_memory_budget");
  if (out)
    for (std::size_t i = 0; i < names.size() && i < *count; ++i) {
      std::memset(&out[i], 0, sizeof out[i]);
      std::memcpy(out[i].name, names[i].c_str(), names[i].size());
      out[i].version = 1;
    }
  *count = static_cast<std::uint32_t>(names.size());
  return 0;
}

int enumerate_instance_extensions(const char*, std::uint32_t* count, void*) {
  *count = 0;
  return 0;
}

// Offsets as in vulkan_core.h.
void put32(void* base, std::size_t offset, std::uint64_t n) {
  const auto value = static_cast<std::uint32_t>(n);
  std::memcpy(static_cast<char*>(base) + offset, &value, sizeof value);
}
void put64(void* base, std::size_t offset, std::uint64_t n) {
  std::memcpy(static_cast<char*>(base) + offset, &n, sizeof n);
}

void properties(const Device* device,
                void* out) {  // VkPhysicalDeviceProperties
  put32(out, 0, 1U << 22 | 3U << 12);
  put32(out, 8, device->number("vendor"));
  put32(out, 16, device->number("type"));
  const auto name = device->fields.find("name");
  if (name != device->fields.end())
    std::memcpy(static_cast<char*>(out) + 20, name->second.c_str(),
                name->second.size() + 1);
}

void properties2(const Device* device, Chain* out) {
  properties(device, out + 1);
  for (Chain* next = out->next; next; next = next->next)
    if (next->type == 1000212000U) put32(next, 20, device->number("pci", 16));
}

void memory(const Device* device, void* out) {
  const bool two = device->has("small");
  put32(out, 0, 1);              // one memory type
  put32(out, 260, two ? 2 : 1);  // heaps
  std::size_t at = 264;
  if (two) {
    put64(out, at, device->number("small"));
    put32(out, at + 8, 1);
    at += 16;
  }
  put64(out, at, device->number("heap"));
  put32(out, at + 8, 1);  // device local
}

void memory2(const Device* device, Chain* out) {
  memory(device, out + 1);
  const std::size_t heap = device->has("small") ? 1 : 0;
  for (Chain* next = out->next; next; next = next->next) {
    if (next->type != 1000237000U || !device->has("budget")) continue;
    put64(next, 16 + 8 * heap, device->number("budget"));
    put64(next, 144 + 8 * heap, device->number("usage"));
  }
}

int nothing() {
  return 0;
}

using Function = void (*)();

struct Entry {
  const char* name;
  Function function;
};

template <typename F>
Function plain(F* function) {
  return reinterpret_cast<Function>(function);
}

Function find(const char* name) {
  const Entry entries[] = {
      {"vkCreateInstance", plain(create_instance)},
      {"vkDestroyInstance", plain(destroy_instance)},
      {"vkEnumeratePhysicalDevices", plain(enumerate_devices)},
      {"vkEnumerateDeviceExtensionProperties",
       plain(enumerate_device_extensions)},
      {"vkEnumerateInstanceExtensionProperties",
       plain(enumerate_instance_extensions)},
      {"vkGetPhysicalDeviceProperties", plain(properties)},
      {"vkGetPhysicalDeviceProperties2", plain(properties2)},
      {"vkGetPhysicalDeviceMemoryProperties", plain(memory)},
      {"vkGetPhysicalDeviceMemoryProperties2", plain(memory2)},
      {"vkGetPhysicalDeviceFeatures", plain(nothing)},
      {"vkGetPhysicalDeviceQueueFamilyProperties", plain(nothing)},
      {"vkGetPhysicalDeviceFormatProperties", plain(nothing)},
      {"vkGetPhysicalDeviceImageFormatProperties", plain(nothing)},
      {"vkGetPhysicalDeviceSparseImageFormatProperties", plain(nothing)},
      {"vkCreateDevice", plain(nothing)},
      {"vkGetDeviceProcAddr", plain(nothing)},
  };
  for (const Entry& entry : entries)
    if (std::strcmp(entry.name, name) == 0) return entry.function;
  return nullptr;
}

}  // namespace

// The names are the driver's.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

int vk_icdNegotiateLoaderICDInterfaceVersion(std::uint32_t* version) {
  *version = 5;
  return 0;
}

Function vk_icdGetInstanceProcAddr(Instance*, const char* name) {
  return find(name);
}

Function vk_icdGetPhysicalDeviceProcAddr(Instance*, const char*) {
  return nullptr;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
