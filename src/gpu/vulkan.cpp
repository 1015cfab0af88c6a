#include "gpu/vulkan.h"

#include <algorithm>

#include "base/saturate.h"
#include "base/text.h"
#include "gpu/dmem.h"
#include "gpu/intel.h"
#include "gpu/report.h"
#include "gpu/vulkan_abi.h"

namespace fitrun {
namespace {

using Outcome = GpuListing::Outcome;

constexpr std::uint32_t kAmd = 0x1002;
constexpr std::uint32_t kNvidia = 0x10de;
constexpr std::uint32_t kIntel = 0x8086;

bool parse_line(std::string_view text, VulkanReport& report) {
  ReportLine line(text);
  const std::string key = line.text();
  if (key == "not_loaded") {
    report.not_loaded = line.text();
  } else if (key == "status") {
    report.status = line.number<int>();
  } else if (key == "device") {
    VulkanDevice device;
    device.type = line.number<std::uint32_t>();
    device.vendor = line.number<std::uint32_t>();
    device.address = line.text();
    device.name = line.text();
    if (line.number<int>() == 1)
      device.budget_extension = VulkanDevice::Budget::known;
    device.heap = line.number<std::uint64_t>();
    device.budget = line.number<std::uint64_t>();
    device.usage = line.number<std::uint64_t>();
    report.devices.push_back(std::move(device));
  } else {
    return false;
  }
  return line.complete();
}

GpuVendor vendor_of(std::uint32_t number) {
  if (number == kNvidia) return GpuVendor::nvidia;
  if (number == kAmd) return GpuVendor::amd;
  if (number == kIntel) return GpuVendor::intel;
  return GpuVendor::other;
}

// Why this device cannot be believed; empty where it can.
std::string refusal(const GpuMachine& machine, const VulkanDevice& device) {
  if (device.type == vulkan::cpu)
    return "it is a CPU, and its memory is the RAM";
  if (device.budget_extension == VulkanDevice::Budget::unknown)
    return "it does not say what is free (no VK_EXT_memory_budget)";
  if (device.heap == 0) return "it has no memory of its own";
  // Whether the proprietary driver's budget follows other processes is unknown.
  if (device.vendor == kNvidia &&
      machine.host().read("/proc/driver/nvidia/version"))
    return "NVML speaks for it";
  if (device.vendor == kIntel && device.type == vulkan::discrete &&
      !sees_intel_usage(machine.self.rights()))
    return "the kernel hides its used memory from unprivileged programs (needs "
           "CAP_PERFMON)";
  return {};
}

Gpu read_device(const GpuMachine& machine, const VulkanDevice& device) {
  Gpu gpu;
  gpu.vendor = vendor_of(device.vendor);
  gpu.source = "vulkan";
  gpu.reading.pool = Pool::vram;
  gpu.name = device.name;
  gpu.address = device.address;
  gpu.skipped = refusal(machine, device);
  if (!gpu.skipped.empty()) return gpu;
  if (device.type == vulkan::integrated) take_from_ram(gpu, machine);
  gpu.total = device.heap;
  gpu.free = vulkan_free(device);
  Constraint c = memory_constraint("vulkan.memory_budget", device.name,
                                   device.heap, *gpu.free);
  c.exact = false;
  gpu.reading.constraints.push_back(std::move(c));
  for (Constraint& limit : probe::dmem_limits(machine.self, gpu.address))
    gpu.reading.constraints.push_back(std::move(limit));
  return gpu;
}

// Vulkan's order of devices depends on layers and drivers: which device is a
// program's first is known only where one can be meant. The first discrete GPU
// is what programs look for.
void number(GpuListing& listing) {
  std::vector<std::size_t> own, shared;
  for (std::size_t i = 0; i < listing.gpus.size(); ++i) {
    if (!listing.gpus[i].skipped.empty()) continue;
    (listing.gpus[i].memory == GpuMemory::own ? own : shared).push_back(i);
  }
  if (own.empty() && shared.size() > 1)
    listing.unclear = "Vulkan has several GPUs and no order";
  own.insert(own.end(), shared.begin(), shared.end());
  listing.one_process = own;
  listing.each_process = own;
  for (std::size_t i = 0; i < own.size(); ++i)
    listing.gpus[own[i]].number = static_cast<std::uint32_t>(i);
}

std::string why_silent(const VulkanReport& report, const GpuListing& listing) {
  if (!report.not_loaded.empty()) return report.not_loaded;
  if (report.status != 0 && report.status != vulkan::kIncompatibleDriver &&
      report.status != vulkan::kInitializationFailed)
    return "it does not start (VkResult " + std::to_string(report.status) + ")";
  if (listing.gpus.empty()) return "no GPU";
  const Gpu& gpu = listing.gpus.front();
  return gpu.name + ": " + gpu.skipped;
}

}  // namespace

Result<VulkanReport> parse_vulkan_report(std::string_view text) {
  VulkanReport report;
  for (const std::string_view line : lines(text))
    if (!parse_line(line, report))
      return Error{"Vulkan: not understood: " + in_quotes(line)};
  return report;
}

std::uint64_t vulkan_free(const VulkanDevice& device) {
  const std::uint64_t most = std::min(device.budget, device.heap);
  return subtract(most, device.usage);
}

GpuListing probe::vulkan_gpus(const GpuMachine& machine) {
  GpuListing listing;
  const auto text = ask_drivers(machine, {"vulkan"},
                                child_spec(machine, "a Vulkan driver", ""));
  const auto report = text ? parse_vulkan_report(*text) : text.error();
  if (!report) {
    listing.why = report.error().message;
    return listing;
  }
  for (const VulkanDevice& device : report->devices)
    listing.gpus.push_back(read_device(machine, device));
  number(listing);
  if (listing.one_process.empty()) {
    listing.why = why_silent(*report, listing);
  } else {
    listing.outcome = Outcome::answered;
  }
  return listing;
}

}  // namespace fitrun
