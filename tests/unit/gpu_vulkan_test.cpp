// Vulkan through the real loader with a driver of our own
// (tests/helpers/fake_vulkan_icd.cpp), and with Mesa's CPU driver where it is
// installed. Where the loader is not, these say so and test nothing.

#include <filesystem>
#include <list>

#include "catch.h"
#include "gpu/vulkan.h"
#include "gpu/vulkan_abi.h"
#include "machine_dir.h"
#include "os/library.h"

#if __has_include(<vulkan/vulkan_core.h>)
#include <vulkan/vulkan_core.h>
#define FITRUN_HAS_VULKAN_HEADERS 1
#endif

using namespace fitrun;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Outcome = GpuListing::Outcome;

namespace {

constexpr const char* kLavapipe = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";

bool has_loader() {
  static const bool found = [] {
    ProbeChildSpec spec;
    spec.subject = "the Vulkan loader";
    const auto answer = run_in_child(
        [] {
          const auto library = Library::load("libvulkan.so.1");
          return std::string(library ? "yes" : "no");
        },
        spec);
    return answer && *answer == "yes";
  }();
  if (!found) WARN("not tested: there is no libvulkan.so.1 (libvulkan1)");
  return found;
}

struct Fake {
  MachineDir dir;
  std::list<SetVariable> set;
  std::chrono::milliseconds deadline = 20s;

  explicit Fake(const std::string& gpus,
                const std::string& driver = std::string(FITRUN_TEST_FAKES) +
                                            "/fake_vulkan_icd.json") {
    dir.file("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 600 kB\n");
    with("FAKE_VULKAN_GPUS", gpus);
    with("VK_DRIVER_FILES", driver).with("VK_ICD_FILENAMES", driver);
  }
  Fake& with(const std::string& name, const std::string& value) {
    set.emplace_back(name, value);
    return *this;
  }
  GpuListing list(std::map<std::string, std::string> variables = {}) const {
    const Host host(dir.root());
    const Environment environment(std::move(variables));
    probe::Self self(host, environment);
    return probe::vulkan_gpus({self, deadline, nullptr});
  }
};

const std::string kDiscrete =
    "name=NVK GPU,type=2,vendor=0x10de,pci=c3,heap=8000,budget=6000,usage=1000";

}  // namespace

#ifdef FITRUN_HAS_VULKAN_HEADERS
TEST_CASE("our copy of Vulkan's structs is that of its headers", "[vulkan]") {
  using namespace vulkan;
  STATIC_REQUIRE(sizeof(Properties2) == sizeof(VkPhysicalDeviceProperties2));
  STATIC_REQUIRE(offsetof(Properties2, vendor) ==
                 offsetof(VkPhysicalDeviceProperties2, properties.vendorID));
  STATIC_REQUIRE(offsetof(Properties2, device_type) ==
                 offsetof(VkPhysicalDeviceProperties2, properties.deviceType));
  STATIC_REQUIRE(sizeof(MemoryProperties2) ==
                 sizeof(VkPhysicalDeviceMemoryProperties2));
  STATIC_REQUIRE(offsetof(MemoryProperties2, heap_count) ==
                 offsetof(VkPhysicalDeviceMemoryProperties2,
                          memoryProperties.memoryHeapCount));
  STATIC_REQUIRE(offsetof(MemoryProperties2, heaps) ==
                 offsetof(VkPhysicalDeviceMemoryProperties2,
                          memoryProperties.memoryHeaps));
  STATIC_REQUIRE(sizeof(MemoryBudget) ==
                 sizeof(VkPhysicalDeviceMemoryBudgetPropertiesEXT));
  STATIC_REQUIRE(sizeof(PciBusInfo) ==
                 sizeof(VkPhysicalDevicePCIBusInfoPropertiesEXT));
  STATIC_REQUIRE(sizeof(InstanceCreateInfo) == sizeof(VkInstanceCreateInfo));
  STATIC_REQUIRE(sizeof(ApplicationInfo) == sizeof(VkApplicationInfo));
  STATIC_REQUIRE(kApiVersion == VK_API_VERSION_1_1);
  STATIC_REQUIRE(static_cast<std::uint32_t>(
                     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2) ==
                 properties_2);
  STATIC_REQUIRE(static_cast<std::uint32_t>(
                     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2) ==
                 memory_properties_2);
  STATIC_REQUIRE(
      static_cast<std::uint32_t>(
          VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT) ==
      memory_budget);
  STATIC_REQUIRE(
      static_cast<std::uint32_t>(
          VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT) ==
      pci_bus_info);
  CHECK(VK_PHYSICAL_DEVICE_TYPE_CPU == 4);
}
#endif

TEST_CASE("what is free is the budget less what is used, within the heap",
          "[vulkan]") {
  VulkanDevice device;
  device.heap = 100;
  device.budget = 80;
  device.usage = 30;
  CHECK(vulkan_free(device) == 50);
  device.budget = 200;  // seen on integrated GPUs
  CHECK(vulkan_free(device) == 70);
  device.usage = 150;
  CHECK(vulkan_free(device) == 0);
}

TEST_CASE("a discrete GPU is read through the real loader", "[vulkan]") {
  if (!has_loader()) return;
  const GpuListing listing = Fake(kDiscrete).list();
  REQUIRE(listing.outcome == Outcome::answered);
  const Gpu& gpu = listing.gpus.at(0);
  CHECK(gpu.name == "NVK GPU");
  CHECK(gpu.vendor == GpuVendor::nvidia);
  CHECK(gpu.address == "0000:c3:00.0");
  CHECK(gpu.source == "vulkan");
  CHECK(gpu.number == 0U);
  CHECK(gpu.total == 8000U);
  CHECK(gpu.free == 5000U);
  CHECK(gpu.memory == GpuMemory::own);
  const Constraint& c = gpu.reading.constraints.at(0);
  CHECK(c.name == "vulkan.memory_budget");
  CHECK(c.available == 5000U);
  CHECK_FALSE(c.exact);
}

TEST_CASE("the largest heap counts, not the sum", "[vulkan]") {
  if (!has_loader()) return;
  const GpuListing listing = Fake(kDiscrete + ",small=256").list();
  CHECK(listing.gpus.at(0).total == 8000U);
  CHECK(listing.gpus.at(0).free == 5000U);
}

TEST_CASE("a device without the extension has no answer", "[vulkan]") {
  if (!has_loader()) return;
  const GpuListing listing =
      Fake("name=Old,type=2,vendor=0x1234,heap=8000").list();
  CHECK(listing.outcome == Outcome::silent);
  CHECK(listing.why ==
        "Old: it does not say what is free (no VK_EXT_memory_budget)");
  CHECK(listing.gpus.at(0).address == "");
}

TEST_CASE("a CPU is never a GPU, whatever it says", "[vulkan]") {
  if (!has_loader()) return;
  const std::string cpu = "name=CPU,type=4,heap=8000,budget=6000,usage=0";
  CHECK(Fake(cpu).list().why == "CPU: it is a CPU, and its memory is the RAM");
  const GpuListing beside = Fake(cpu + ";" + kDiscrete).list();
  REQUIRE(beside.one_process.size() == 1);
  CHECK(beside.gpus[beside.one_process[0]].name == "NVK GPU");
}

TEST_CASE("Mesa's CPU driver is refused", "[vulkan]") {
  if (!has_loader()) return;
  if (!std::filesystem::exists(kLavapipe)) {
    WARN("not tested: there is no " << kLavapipe << " (mesa-vulkan-drivers)");
    return;
  }
  const GpuListing listing = Fake("", kLavapipe).list();
  CHECK(listing.outcome == Outcome::silent);
  REQUIRE(listing.gpus.size() == 1);
  CHECK_THAT(listing.gpus[0].name, ContainsSubstring("llvmpipe"));
  CHECK(listing.gpus[0].skipped == "it is a CPU, and its memory is the RAM");
}

TEST_CASE("a device that another source speaks for is left to it", "[vulkan]") {
  if (!has_loader()) return;
  Fake nvidia(kDiscrete);
  nvidia.dir.file("/proc/driver/nvidia/version", "x");
  CHECK(nvidia.list().why == "NVK GPU: NVML speaks for it");
  Fake arc("name=Arc,type=2,vendor=0x8086,heap=8000,budget=7000,usage=0");
  CHECK_THAT(arc.list().why, ContainsSubstring("needs CAP_PERFMON"));
  arc.dir.file("/proc/self/status", "CapEff:\t0000004000000000\n");
  CHECK(arc.list().outcome == Outcome::answered);
}

TEST_CASE("an integrated GPU takes from the RAM within its budget",
          "[vulkan]") {
  if (!has_loader()) return;
  const auto available = [](const std::string& budget) {
    const GpuListing listing =
        Fake("name=Iris,type=1,vendor=0x8086,heap=900000,usage=0,budget=" +
             budget)
            .list();
    const Gpu& gpu = listing.gpus.at(0);
    CHECK(gpu.memory == GpuMemory::shared);
    return *binding(gpu.reading)->available;
  };
  CHECK(available("500000") == 500000);
  CHECK(available("800000") == 600U * 1024);
}

TEST_CASE("the first discrete GPU is device 0", "[vulkan]") {
  if (!has_loader()) return;
  const std::string shared =
      "name=V3D,type=1,vendor=0x14e4,heap=9000,budget=9000,usage=0";
  const GpuListing listing = Fake(shared + ";" + kDiscrete).list();
  CHECK(listing.gpus[listing.one_process.at(0)].name == "NVK GPU");
  CHECK(listing.unclear == "");
  CHECK(Fake(shared + ";" + shared).list().unclear ==
        "Vulkan has several GPUs and no order");
}

TEST_CASE("no driver and no device are both no GPU", "[vulkan]") {
  if (!has_loader()) return;
  CHECK(Fake("").list().why == "no GPU");
  CHECK(Fake("", "/nowhere/icd.json").list().why == "no GPU");
  CHECK_THAT(Fake("").list({{"FITRUN_VULKAN", "libno-vulkan.so.1"}}).why,
             ContainsSubstring("libno-vulkan.so.1: cannot open shared object"));
}

TEST_CASE("a Vulkan driver that hangs costs a message", "[vulkan]") {
  if (!has_loader()) return;
  Fake hang(kDiscrete);
  hang.deadline = 500ms;
  CHECK(hang.with("FAKE_VULKAN_HANG", "1").list().why ==
        "a Vulkan driver did not answer in 500 ms");
}

TEST_CASE("a Vulkan driver that dies costs a message", "[vulkan]") {
  if (!has_loader()) return;
  Fake crash(kDiscrete);
  CHECK_THAT(crash.with("FAKE_VULKAN_CRASH", "1").list().why,
             ContainsSubstring("the probe died of signal 6 inside a Vulkan "
                               "driver"));
}

TEST_CASE("what the Vulkan child wrote is read strictly", "[vulkan]") {
  CHECK(parse_vulkan_report(""));
  CHECK(parse_vulkan_report("status\t-9\n")->status == -9);
  for (const char* text : {"x\n", "device\t2\n", "status\tx\n"})
    CHECK_FALSE(parse_vulkan_report(text));
}
