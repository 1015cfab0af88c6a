// The half of vulkan.h that runs in the child: calls into the loader and, by
// that, into every driver that is installed.

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "gpu/report.h"
#include "gpu/vulkan.h"
#include "gpu/vulkan_abi.h"
#include "os/library.h"

namespace fitrun {
namespace {

// Layers of overlays and device selectors crash programs with several devices
// and change the order of devices.
void quieten_loader() {
  ::setenv("VK_LOADER_LAYERS_DISABLE", "~implicit~", 1);
  ::setenv("NODEVICE_SELECT", "1", 1);
  for (const char* const name :
       {"VK_INSTANCE_LAYERS", "DISPLAY", "WAYLAND_DISPLAY"})
    ::unsetenv(name);
}

struct Vulkan {
  Vulkan(vulkan::GetProcFn* get, vulkan::Instance* instance)
      : devices(find<vulkan::EnumerateDevicesFn>(get, instance,
                                                 "vkEnumeratePhysicalDevices")),
        extensions(find<vulkan::EnumerateExtensionsFn>(
            get, instance, "vkEnumerateDeviceExtensionProperties")),
        properties(find<vulkan::PropertiesFn>(
            get, instance, "vkGetPhysicalDeviceProperties2")),
        memory(find<vulkan::MemoryPropertiesFn>(
            get, instance, "vkGetPhysicalDeviceMemoryProperties2")) {}

  bool usable() const { return devices && extensions && properties && memory; }

  template <typename F>
  static F* find(vulkan::GetProcFn* get, vulkan::Instance* instance,
                 const char* name) {
    return reinterpret_cast<F*>(get(instance, name));
  }

  vulkan::EnumerateDevicesFn* devices;
  vulkan::EnumerateExtensionsFn* extensions;
  vulkan::PropertiesFn* properties;
  vulkan::MemoryPropertiesFn* memory;
};

bool has_extension(const Vulkan& vulkan, vulkan::PhysicalDevice* device,
                   const char* name) {
  std::uint32_t count = 0;
  if (vulkan.extensions(device, nullptr, &count, nullptr) != vulkan::kSuccess)
    return false;
  std::vector<vulkan::ExtensionProperties> all(count);
  const int status = vulkan.extensions(device, nullptr, &count, all.data());
  if (status != vulkan::kSuccess && status != vulkan::kIncomplete) return false;
  for (const vulkan::ExtensionProperties& extension : all)
    if (std::strncmp(extension.name, name, sizeof extension.name) == 0)
      return true;
  return false;
}

std::string address_of(const vulkan::PciBusInfo& pci) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", pci.domain, pci.bus,
                     pci.device, pci.function);
}

void read_device(const Vulkan& vulkan, vulkan::PhysicalDevice* device,
                 std::string& out) {
  vulkan::PciBusInfo pci{};
  pci.type = vulkan::pci_bus_info;
  const bool on_pci = has_extension(vulkan, device, "VK_EXT_pci_bus_info");
  vulkan::Properties2 properties{};
  properties.type = vulkan::properties_2;
  if (on_pci) properties.next = &pci;
  vulkan.properties(device, &properties);
  properties.name[sizeof properties.name - 1] = '\0';

  const bool known = has_extension(vulkan, device, "VK_EXT_memory_budget");
  vulkan::MemoryBudget budget{};
  budget.type = vulkan::memory_budget;
  vulkan::MemoryProperties2 memory{};
  memory.type = vulkan::memory_properties_2;
  // Without the extension a driver leaves the struct as it was.
  if (known) memory.next = &budget;
  vulkan.memory(device, &memory);

  std::uint32_t largest = vulkan::kHeaps;
  for (std::uint32_t i = 0; i < memory.heap_count && i < vulkan::kHeaps; ++i) {
    if ((memory.heaps[i].flags & vulkan::kDeviceLocal) == 0) continue;
    if (largest == vulkan::kHeaps ||
        memory.heaps[i].size > memory.heaps[largest].size)
      largest = i;
  }
  const bool has_heap = largest < vulkan::kHeaps;
  const auto text = [&](std::uint64_t n) {
    return std::to_string(has_heap ? n : 0);
  };
  const std::uint32_t i = has_heap ? largest : 0;
  add_report_line(
      out, {"device", std::to_string(properties.device_type),
            std::to_string(properties.vendor), on_pci ? address_of(pci) : "",
            properties.name, known ? "1" : "0", text(memory.heaps[i].size),
            text(budget.budget[i]), text(budget.usage[i])});
}

}  // namespace

std::string read_vulkan(const Environment& environment) {
  quieten_loader();
  std::string out;
  const std::string named = trusted_variable(environment, "FITRUN_VULKAN");
  const auto library = Library::load(named.empty() ? "libvulkan.so.1" : named);
  if (!library) {
    add_report_line(out, {"not_loaded", library.error().message});
    return out;
  }
  auto* const get =
      library->function<vulkan::GetProcFn>("vkGetInstanceProcAddr");
  auto* const create = get ? Vulkan::find<vulkan::CreateInstanceFn>(
                                 get, nullptr, "vkCreateInstance")
                           : nullptr;
  if (!create) {
    add_report_line(out, {"not_loaded", "it has no vkCreateInstance"});
    return out;
  }
  vulkan::ApplicationInfo application{};
  application.type = vulkan::application_info;
  application.application = "fitrun";
  application.api_version = vulkan::kApiVersion;
  vulkan::InstanceCreateInfo info{};
  info.type = vulkan::instance_create_info;
  info.application = &application;
  vulkan::Instance* instance = nullptr;
  int status = create(&info, nullptr, &instance);
  std::vector<vulkan::PhysicalDevice*> devices;
  if (status == vulkan::kSuccess) {
    const Vulkan vulkan(get, instance);
    if (!vulkan.usable()) {
      add_report_line(out, {"not_loaded", "it is older than Vulkan 1.1"});
      return out;
    }
    std::uint32_t count = 0;
    status = vulkan.devices(instance, &count, nullptr);
    devices.resize(count);
    if (status == vulkan::kSuccess && count > 0)
      status = vulkan.devices(instance, &count, devices.data());
    if (status == vulkan::kIncomplete) status = vulkan::kSuccess;
    devices.resize(status == vulkan::kSuccess ? count : 0);
    for (vulkan::PhysicalDevice* const device : devices)
      read_device(vulkan, device, out);
  }
  if (status != vulkan::kSuccess)
    add_report_line(out, {"status", std::to_string(status)});
  return out;
}

}  // namespace fitrun
