#include "gpu/nvml.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "gpu/nvml_abi.h"
#include "gpu/report.h"

namespace fitrun {
namespace {

NvmlMemory parse_memory(ReportLine& line) {
  NvmlMemory memory;
  memory.status = line.number<int>();
  memory.total = line.number<std::uint64_t>();
  memory.free = line.number<std::uint64_t>();
  return memory;
}

GpuProcess parse_process(ReportLine& line) {
  GpuProcess process;
  process.pid = line.number<pid_t>();
  process.bytes = line.number<std::uint64_t>();
  return process;
}

// Of the device or instance that was named last.
std::optional<std::vector<GpuProcess>>& processes_of(NvmlDevice& device) {
  return device.instances.empty() ? device.processes
                                  : device.instances.back().processes;
}

NvmlDevice parse_device(ReportLine& line) {
  NvmlDevice device;
  device.status = line.number<int>();
  device.uuid = line.text();
  device.address = line.text();
  device.name = line.text();
  if (line.number<int>() == 1) device.mig = CudaDevice::Mig::on;
  return device;
}

NvmlInstance parse_instance(ReportLine& line) {
  NvmlInstance instance;
  instance.uuid = line.text();
  instance.gpu_instance = line.number<unsigned>();
  instance.compute_instance = line.number<unsigned>();
  instance.name = line.text();
  return instance;
}

// False for a line that does not belong.
bool parse_line(std::string_view text, NvmlReport& report) {
  ReportLine line(text);
  const std::string key = line.text();
  auto& devices = report.devices;
  if (key == "not_loaded") {
    report.not_loaded = line.text();
  } else if (key == "library") {
    report.library = line.text();
  } else if (key == "status") {
    report.status = line.number<int>();
    report.status_text = line.text();
  } else if (key == "device") {
    devices.push_back(parse_device(line));
  } else if (key == "memory" && !devices.empty()) {
    devices.back().memory = parse_memory(line);
  } else if (key == "instance" && !devices.empty()) {
    devices.back().instances.push_back(parse_instance(line));
  } else if (key == "instance_memory" && !devices.empty() &&
             !devices.back().instances.empty()) {
    devices.back().instances.back().memory = parse_memory(line);
  } else if (key == "processes" && !devices.empty()) {
    processes_of(devices.back()).emplace();
  } else if (key == "process" && !devices.empty() &&
             processes_of(devices.back())) {
    processes_of(devices.back())->push_back(parse_process(line));
  } else if (key == "cuda") {
    report.cuda_order.push_back(line.text());
    if (line.number<int>() == 1)
      report.integrated.push_back(report.cuda_order.back());
  } else {
    return false;
  }
  return line.complete();
}

// Parts without memory of their own, by a word of their names.
bool is_integrated_name(std::string_view name) {
  constexpr std::string_view kWords[] = {"gb10", "n1x",   "orin", "xavier",
                                         "thor", "tegra", "nvgpu"};
  const std::string low = to_lower(name);
  for (const std::string_view word : kWords) {
    const std::size_t at = low.find(word);
    if (at == std::string::npos) continue;
    // GB100 is not GB10.
    const std::size_t end = at + word.size();
    if (end == low.size() || low[end] < '0' || low[end] > '9') return true;
  }
  return false;
}

}  // namespace

Result<NvmlReport> parse_nvml_report(std::string_view text) {
  NvmlReport report;
  for (const std::string_view line : lines(text))
    if (!parse_line(line, report))
      return Error{"NVML: not understood: " + in_quotes(line)};
  return report;
}

std::vector<GpuProcess> parse_process_infos(
    const std::vector<unsigned char>& bytes, std::size_t count) {
  std::size_t written = bytes.size();
  while (written > 0 && bytes[written - 1] == kUnwritten) --written;
  const std::size_t size = written > count * sizeof(nvml::ProcessInfo)
                               ? nvml::kLargerProcessInfo
                               : sizeof(nvml::ProcessInfo);
  std::vector<GpuProcess> processes;
  for (std::size_t i = 0; i < count; ++i) {
    nvml::ProcessInfo info{};
    if (i * size + sizeof info > bytes.size()) break;
    std::memcpy(&info, &bytes[i * size], sizeof info);
    const auto pid = static_cast<pid_t>(info.pid);
    if (pid <= 0 || info.used == nvml::kNotAvailable) continue;
    processes.push_back({pid, info.used});
  }
  return processes;
}

void sort_by_address(std::vector<NvmlDevice>& devices) {
  const auto forbidden = std::stable_partition(
      devices.begin(), devices.end(), [](const NvmlDevice& device) {
        return device.status != nvml::no_permission;
      });
  for (auto device = devices.begin(); device != forbidden; ++device)
    if (device->address.empty()) return;
  // Hexadecimal digits of fixed width, but for the domain.
  std::stable_sort(devices.begin(), forbidden,
                   [](const NvmlDevice& a, const NvmlDevice& b) {
                     if (a.address.size() != b.address.size())
                       return a.address.size() < b.address.size();
                     return a.address < b.address;
                   });
}

std::vector<CudaDevice> cuda_devices(const std::vector<NvmlDevice>& devices) {
  std::vector<CudaDevice> seen;
  for (const NvmlDevice& device : devices) {
    CudaDevice d;
    d.uuid = device.uuid;
    d.name = device.name;
    d.address = device.address;
    if (device.status == nvml::no_permission)
      d.access = CudaDevice::Access::forbidden;
    d.mig = device.mig;
    for (const NvmlInstance& instance : device.instances) {
      d.instances.push_back(
          {instance.uuid, instance.gpu_instance, instance.compute_instance});
    }
    seen.push_back(std::move(d));
  }
  return seen;
}

bool has_shared_memory(const NvmlDevice& device, const NvmlReport& report,
                       std::uint64_t ram_total) {
  if (device.status != nvml::success || device.mig == CudaDevice::Mig::on)
    return false;
  const bool integrated =
      is_integrated_name(device.name) ||
      std::find(report.integrated.begin(), report.integrated.end(),
                device.uuid) != report.integrated.end();
  if (!integrated) return false;
  if (device.memory.status == nvml::not_supported) return true;
  if (device.memory.status != nvml::success) return false;
  // Some report all of the RAM, or nothing at all, as theirs.
  return device.memory.total == 0 ||
         (ram_total != 0 && device.memory.total >= ram_total / 10 * 9);
}

}  // namespace fitrun
