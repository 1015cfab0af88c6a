// The half of nvml.h that runs in the child: calls into the driver.

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "gpu/nvml.h"
#include "gpu/nvml_abi.h"
#include "gpu/report.h"
#include "os/library.h"

namespace fitrun {
namespace {

Result<Library> load_nvml(const Environment& environment) {
  const std::string named = trusted_variable(environment, "FITRUN_NVML");
  if (!named.empty()) return Library::load(named);
  auto library = Library::load("libnvidia-ml.so.1");
  if (library) return library;
  // The first message is the one that helps.
  auto wsl = Library::load("/usr/lib/wsl/lib/libnvidia-ml.so.1");
  return wsl ? std::move(wsl) : std::move(library);
}

struct Nvml {
  explicit Nvml(const Library& library)
      : init(library.function<nvml::InitFn>("nvmlInit_v2")),
        error_string(library.function<nvml::ErrorStringFn>("nvmlErrorString")),
        count(library.function<nvml::CountFn>("nvmlDeviceGetCount_v2")),
        handle(library.function<nvml::HandleByIndexFn>(
            "nvmlDeviceGetHandleByIndex_v2")),
        uuid(library.function<nvml::TextFn>("nvmlDeviceGetUUID")),
        name(library.function<nvml::TextFn>("nvmlDeviceGetName")),
        pci(library.function<nvml::PciInfoFn>("nvmlDeviceGetPciInfo_v3")),
        memory(library.function<nvml::MemoryFn>("nvmlDeviceGetMemoryInfo")),
        memory_v2(
            library.function<nvml::MemoryV2Fn>("nvmlDeviceGetMemoryInfo_v2")),
        mig_mode(library.function<nvml::MigModeFn>("nvmlDeviceGetMigMode")),
        mig_count(
            library.function<nvml::NumberFn>("nvmlDeviceGetMaxMigDeviceCount")),
        mig_handle(library.function<nvml::MigHandleFn>(
            "nvmlDeviceGetMigDeviceHandleByIndex")),
        gpu_instance(
            library.function<nvml::NumberFn>("nvmlDeviceGetGpuInstanceId")),
        compute_instance(
            library.function<nvml::NumberFn>("nvmlDeviceGetComputeInstanceId")),
        compute_processes(
            newest(library, "nvmlDeviceGetComputeRunningProcesses")),
        graphics_processes(
            newest(library, "nvmlDeviceGetGraphicsRunningProcesses")) {}

  static nvml::ProcessesFn* newest(const Library& library,
                                   const std::string& name) {
    const auto found =
        library.function<nvml::ProcessesFn>((name + "_v3").c_str());
    return found ? found
                 : library.function<nvml::ProcessesFn>((name + "_v2").c_str());
  }

  // The rest is missing from old drivers.
  bool usable() const {
    return init && count && handle && uuid && name && pci && memory;
  }

  nvml::InitFn* init;
  nvml::ErrorStringFn* error_string;
  nvml::CountFn* count;
  nvml::HandleByIndexFn* handle;
  nvml::TextFn *uuid, *name;
  nvml::PciInfoFn* pci;
  nvml::MemoryFn* memory;
  nvml::MemoryV2Fn* memory_v2;
  nvml::MigModeFn* mig_mode;
  nvml::NumberFn* mig_count;
  nvml::MigHandleFn* mig_handle;
  nvml::NumberFn *gpu_instance, *compute_instance;
  nvml::ProcessesFn *compute_processes, *graphics_processes;
};

std::string text_of(nvml::TextFn* read, nvml::Device device) {
  static_assert(nvml::kUuidSize == nvml::kNameSize);
  std::array<char, nvml::kUuidSize> text{};
  if (read(device, text.data(), nvml::kUuidSize) != nvml::success) return {};
  text.back() = '\0';
  return text.data();
}

unsigned number_of(nvml::NumberFn* read, nvml::Device device) {
  unsigned n = 0;
  return read && read(device, &n) == nvml::success ? n : 0;
}

// The newer call is the one that follows cgroup limits (R615); WSL and old
// drivers have only the older.
NvmlMemory memory_of(const Nvml& nvml, nvml::Device device) {
  if (nvml.memory_v2) {
    nvml::MemoryV2 memory{};
    memory.version = nvml::kMemoryV2;
    const int status = nvml.memory_v2(device, &memory);
    if (status == nvml::success) return {status, memory.total, memory.free};
    if (status != nvml::function_not_found &&
        status != nvml::argument_version_mismatch && status != nvml::unknown)
      return {status, 0, 0};
  }
  nvml::Memory memory{};
  const int status = nvml.memory(device, &memory);
  if (status != nvml::success) return {status, 0, 0};
  return {status, memory.total, memory.free};
}

void add_memory(std::string& out, const char* what, const NvmlMemory& memory) {
  add_report_line(
      out, {what, std::to_string(memory.status), std::to_string(memory.total),
            std::to_string(memory.free)});
}

// Adds to what each process holds. A process that computes and draws is in both
// lists with all that it has. False where the driver does not tell.
bool add_processes(nvml::ProcessesFn* read, nvml::Device device,
                   std::map<pid_t, std::uint64_t>& processes) {
  constexpr unsigned kMost = 1U << 16;
  if (!read) return false;
  for (unsigned room = 64; room <= kMost; room *= 4) {
    std::vector<unsigned char> bytes(room * nvml::kLargerProcessInfo,
                                     kUnwritten);
    unsigned count = room;
    const int status = read(device, &count, bytes.data());
    if (status == nvml::insufficient_size) continue;
    if (status != nvml::success) return false;
    for (const GpuProcess& process :
         parse_process_infos(bytes, std::min(count, room))) {
      std::uint64_t& most = processes[process.pid];
      most = std::max(most, process.bytes);
    }
    return true;
  }
  return false;
}

void read_processes(const Nvml& nvml, nvml::Device device, std::string& out) {
  std::map<pid_t, std::uint64_t> processes;
  if (!add_processes(nvml.compute_processes, device, processes)) return;
  add_processes(nvml.graphics_processes, device, processes);
  add_report_line(out, {"processes"});
  for (const auto& [pid, bytes] : processes)
    add_report_line(out,
                    {"process", std::to_string(pid), std::to_string(bytes)});
}

// Which GPUs' processes are asked for.
using Names = std::vector<std::string>;

bool names(const Names& all, const std::string& uuid) {
  return std::find(all.begin(), all.end(), uuid) != all.end() ||
         std::find(all.begin(), all.end(), kEveryGpu) != all.end();
}

void read_instances(const Nvml& nvml, nvml::Device device,
                    const Names& processes_of, std::string& out) {
  const unsigned count = number_of(nvml.mig_count, device);
  for (unsigned i = 0; i < count; ++i) {
    nvml::Device instance = nullptr;
    // not_found is a hole in the numbers, not their end.
    if (nvml.mig_handle(device, i, &instance) != nvml::success) continue;
    const std::string uuid = text_of(nvml.uuid, instance);
    add_report_line(out,
                    {"instance", uuid,
                     std::to_string(number_of(nvml.gpu_instance, instance)),
                     std::to_string(number_of(nvml.compute_instance, instance)),
                     text_of(nvml.name, instance)});
    if (names(processes_of, uuid)) read_processes(nvml, instance, out);
    add_memory(out, "instance_memory", memory_of(nvml, instance));
  }
}

void read_device(const Nvml& nvml, unsigned index, const Names& processes_of,
                 std::string& out) {
  nvml::Device device = nullptr;
  const int status = nvml.handle(index, &device);
  if (status != nvml::success) {
    add_report_line(out, {"device", std::to_string(status), "", "", "", "0"});
    return;
  }
  nvml::PciInfo pci{};
  std::string address;
  if (nvml.pci(device, &pci) == nvml::success) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    address = pci_address(pci.bus_id);
  }
  unsigned mig = 0;
  unsigned pending = 0;
  if (!nvml.mig_mode || !nvml.mig_handle ||
      nvml.mig_mode(device, &mig, &pending) != nvml::success)
    mig = 0;
  const std::string uuid = text_of(nvml.uuid, device);
  add_report_line(out, {"device", "0", uuid, address,
                        text_of(nvml.name, device), mig == 1 ? "1" : "0"});
  if (mig == 1) {
    read_instances(nvml, device, processes_of, out);
  } else {
    if (names(processes_of, uuid)) read_processes(nvml, device, out);
    add_memory(out, "memory", memory_of(nvml, device));
  }
}

std::string uuid_text(const unsigned char (&bytes)[16]) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

// The devices of libcuda in its order. Nothing where it has no answer.
void read_cuda(const Environment& environment, std::string& out) {
  const std::string named = trusted_variable(environment, "FITRUN_CUDA");
  const auto library = Library::load(named.empty() ? "libcuda.so.1" : named);
  if (!library) return;
  const auto init = library->function<cuda::InitFn>("cuInit");
  const auto count = library->function<cuda::CountFn>("cuDeviceGetCount");
  const auto get = library->function<cuda::DeviceFn>("cuDeviceGet");
  const auto uuid = library->function<cuda::UuidFn>("cuDeviceGetUuid_v2");
  const auto attribute =
      library->function<cuda::AttributeFn>("cuDeviceGetAttribute");
  int devices = 0;
  if (!init || !count || !get || !uuid || !attribute || init(0) != 0 ||
      count(&devices) != 0)
    return;
  for (int i = 0; i < devices; ++i) {
    int device = 0;
    unsigned char bytes[16]{};
    int integrated = 0;
    if (get(&device, i) != 0 || uuid(bytes, device) != 0) continue;
    if (attribute(&integrated, cuda::kIntegrated, device) != 0) integrated = 0;
    add_report_line(out,
                    {"cuda", uuid_text(bytes), integrated == 1 ? "1" : "0"});
  }
}

// libcuda is slow to start, so it is only asked what nothing else can say.
bool needs_libcuda(const std::string& report, const Environment& environment) {
  const auto parsed = parse_nvml_report(report);
  if (!parsed) return false;
  for (const NvmlDevice& device : parsed->devices)
    if (device.memory.status == nvml::not_supported) return true;
  return needs_cuda_order(cuda_devices(parsed->devices), environment);
}

}  // namespace

std::string read_nvml(const Environment& environment,
                      const std::vector<std::string>& processes_of) {
  std::string out;
  const auto library = load_nvml(environment);
  if (!library) {
    add_report_line(out, {"not_loaded", library.error().message});
    return out;
  }
  add_report_line(out, {"library", library->file()});
  const Nvml nvml(*library);
  if (!nvml.usable()) {
    add_report_line(out, {"not_loaded", "it lacks functions: the CUDA stub?"});
    return out;
  }
  int status = nvml.init();
  unsigned count = 0;
  if (status == nvml::success) status = nvml.count(&count);
  if (status != nvml::success) {
    const char* const text =
        nvml.error_string ? nvml.error_string(status) : nullptr;
    add_report_line(out, {"status", std::to_string(status), text ? text : ""});
    return out;
  }
  for (unsigned i = 0; i < count; ++i) read_device(nvml, i, processes_of, out);
  if (needs_libcuda(out, environment)) read_cuda(environment, out);
  // No nvmlShutdown: it can hang as well, and this process ends now.
  return out;
}

}  // namespace fitrun
