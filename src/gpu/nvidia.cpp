#include "gpu/nvidia.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "gpu/dmem.h"
#include "gpu/nvml_abi.h"
#include "probe/meminfo.h"

namespace fitrun {
namespace {

using Outcome = GpuListing::Outcome;

constexpr std::string_view kVersionFile = "/proc/driver/nvidia/version";

GpuListing without_answer(Outcome outcome, std::string why,
                          std::string advice) {
  GpuListing listing;
  listing.outcome = outcome;
  listing.why = std::move(why);
  listing.advice = std::move(advice);
  return listing;
}

GpuListing library_missing(const GpuMachine& machine, const std::string& why) {
  if (!machine.host().read(kVersionFile))
    return without_answer(Outcome::silent, why, "");
  if (in_container(machine)) {
    return without_answer(
        Outcome::silent, "NVML is not in this container (" + why + ")",
        "start it with NVIDIA_DRIVER_CAPABILITIES=compute,utility");
  }
  return without_answer(
      Outcome::silent,
      "the NVIDIA driver is loaded, but not its library (" + why + ")",
      "install the driver's libraries, or run ldconfig if they are there");
}

// Why nvmlInit_v2 did not work, and what to do.
GpuListing init_failed(const GpuMachine& machine, const NvmlReport& report) {
  const auto version = machine.host().read(kVersionFile);
  switch (report.status) {
    case nvml::driver_not_loaded:
      // Libraries are left behind on machines without such a GPU; there the
      // other vendors are still asked.
      return without_answer(version ? Outcome::failed : Outcome::silent,
                            "the NVIDIA driver is not loaded", "");
    case nvml::no_permission:
      return without_answer(
          Outcome::failed,
          "no permission to talk to the NVIDIA driver (/dev/nvidiactl)", "");
    case nvml::lib_rm_version_mismatch: {
      const std::size_t at = report.library.find(".so.");
      const std::string library =
          at == std::string::npos ? "unknown" : report.library.substr(at + 4);
      const std::string kernel =
          version ? kernel_driver_version(*version) : std::string();
      return without_answer(
          Outcome::failed,
          "the NVIDIA library and the loaded kernel driver differ (library " +
              library + ", kernel " + (kernel.empty() ? "unknown" : kernel) +
              " from " + std::string(kVersionFile) + ")",
          "reboot or reload the driver");
    }
    case nvml::unknown:
      if (in_container(machine)) {
        return without_answer(
            Outcome::failed,
            "the container lost its GPUs (systemctl daemon-reload does this)",
            "restart the container");
      }
      [[fallthrough]];
    default:
      return without_answer(Outcome::failed,
                            fmt::format("NVML does not start: {} (status {})",
                                        report.status_text, report.status),
                            "");
  }
}

std::string named(const Gpu& gpu) {
  return "GPU " + identity(gpu);
}

// A sentence on a device or memory status that is not success.
std::string problem_of(const Gpu& gpu, int status) {
  switch (status) {
    case nvml::gpu_is_lost:
      return named(gpu) + " is lost (it fell off the bus)";
    case nvml::reset_required:
      return named(gpu) + " needs a reset";
    case nvml::no_permission:
      return "no permission to read the memory of " + named(gpu);
    case nvml::success:
    case nvml::not_supported:
      return named(gpu) + " (" + gpu.name + ") does not report memory";
    default:
      return fmt::format("the memory of {} cannot be read (NVML status {})",
                         named(gpu), status);
  }
}

std::uint64_t total_of(const Result<Meminfo>& meminfo) {
  return meminfo ? meminfo->total.value_or(0) : 0;
}

// Turns a report into a listing. One GPU per device without MIG and one per
// MIG instance; `places_` says which is which.
class Listing {
 public:
  Listing(const GpuMachine& machine, NvmlReport report, std::string source)
      : machine_(machine),
        report_(std::move(report)),
        source_(std::move(source)),
        ram_total_(total_of(machine.self.meminfo())) {}

  GpuListing build();

 private:
  void add_device(std::size_t at);
  void add_instance(std::size_t at, std::size_t instance);
  void add_memory(Gpu& gpu, const NvmlMemory& memory);
  void number(const CudaVisibility& seen);
  void explain_hidden();
  void take_smallest();
  void cap_by_mps();
  std::size_t place_of(const CudaPick& pick) const;

  const GpuMachine& machine_;
  NvmlReport report_;
  std::string source_;
  std::uint64_t ram_total_;
  GpuListing listing_;
  std::vector<CudaPick> places_;
};

void Listing::add_memory(Gpu& gpu, const NvmlMemory& memory) {
  if (memory.status != nvml::success || memory.total == 0) {
    gpu.problem = problem_of(gpu, memory.status);
    return;
  }
  gpu.total = memory.total;
  gpu.free = std::min(memory.free, memory.total);
  gpu.reading.constraints.push_back(memory_constraint(
      source_ + ".memory", identity(gpu), memory.total, memory.free));
  for (Constraint& c : probe::dmem_limits(machine_.self, gpu.address))
    gpu.reading.constraints.push_back(std::move(c));
}

void Listing::add_device(std::size_t at) {
  const NvmlDevice& device = report_.devices[at];
  Gpu gpu;
  gpu.vendor = GpuVendor::nvidia;
  gpu.source = source_;
  gpu.reading.pool = Pool::vram;
  gpu.uuid = device.uuid;
  gpu.address = device.address;
  gpu.name = device.name;
  gpu.processes = device.processes;
  if (gpu.name.empty()) gpu.name = "number " + std::to_string(at);
  if (device.status == nvml::no_permission) {
    gpu.skipped = "no permission to open it (hidden from this process)";
  } else if (device.status != nvml::success) {
    gpu.problem = problem_of(gpu, device.status);
  } else if (device.mig == CudaDevice::Mig::on) {
    gpu.skipped = "it is in MIG mode and has no instances";
  } else if (has_shared_memory(device, report_, ram_total_)) {
    take_from_ram(gpu, machine_);
  } else {
    add_memory(gpu, device.memory);
  }
  listing_.gpus.push_back(std::move(gpu));
  places_.push_back({at, std::nullopt});
}

void Listing::add_instance(std::size_t at, std::size_t instance) {
  const NvmlDevice& device = report_.devices[at];
  const NvmlInstance& part = device.instances[instance];
  Gpu gpu;
  gpu.vendor = GpuVendor::nvidia;
  gpu.source = source_;
  gpu.reading.pool = Pool::vram;
  gpu.uuid = part.uuid;
  gpu.address = device.address;
  gpu.processes = part.processes;
  gpu.name = part.name.empty() ? device.name + " MIG" : part.name;
  add_memory(gpu, part.memory);
  listing_.gpus.push_back(std::move(gpu));
  places_.push_back({at, instance});
}

std::size_t Listing::place_of(const CudaPick& pick) const {
  const auto found = std::find(places_.begin(), places_.end(), pick);
  return static_cast<std::size_t>(found - places_.begin());
}

void Listing::number(const CudaVisibility& seen) {
  for (const CudaPick& pick : seen.one_process) {
    const std::size_t place = place_of(pick);
    listing_.gpus[place].number =
        static_cast<std::uint32_t>(listing_.one_process.size());
    listing_.one_process.push_back(place);
  }
  for (const CudaPick& pick : seen.each_process)
    listing_.each_process.push_back(place_of(pick));
  listing_.notes = seen.notes;
}

void Listing::explain_hidden() {
  const auto& each = listing_.each_process;
  for (std::size_t i = 0; i < listing_.gpus.size(); ++i) {
    Gpu& gpu = listing_.gpus[i];
    if (gpu.number || !gpu.skipped.empty()) continue;
    if (std::find(each.begin(), each.end(), i) != each.end()) {
      gpu.skipped = "a process sees one MIG instance, and no GPU beside it";
    } else if (machine_.environment().get("CUDA_VISIBLE_DEVICES")) {
      gpu.skipped = "not in CUDA_VISIBLE_DEVICES";
    } else {
      gpu.skipped = "it shares the memory of a MIG instance before it";
    }
  }
}

// Which of the GPUs is the command's first is not known: none is counted on
// for more than the smallest has.
void Listing::take_smallest() {
  const Gpu* smallest = nullptr;
  for (const Gpu& gpu : listing_.gpus)
    if (gpu.free && (!smallest || *gpu.free < *smallest->free)) smallest = &gpu;
  if (!smallest) return;
  Constraint c;
  c.name = "cuda.order_unclear";
  c.where = identity(*smallest);
  c.available = smallest->free;
  c.exact = false;
  for (const std::size_t i : listing_.one_process)
    listing_.gpus[i].reading.constraints.push_back(c);
  listing_.notes.emplace_back(
      "GPU models differ and CUDA_DEVICE_ORDER is not PCI_BUS_ID: using the "
      "smallest free value; set CUDA_DEVICE_ORDER=PCI_BUS_ID or name the GPU "
      "by UUID");
}

// CUDA_MPS_PINNED_DEVICE_MEM_LIMIT="0=2G,1=512M": what one client may take, by
// its device numbers (MPS documentation).
void Listing::cap_by_mps() {
  constexpr const char* kName = "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT";
  const auto text = machine_.environment().get(kName);
  if (!text) return;
  for (const std::string_view entry : split(*text, ',')) {
    const std::size_t equals = entry.find('=');
    const auto number = parse_count(trim(entry.substr(0, equals)));
    if (equals == std::string_view::npos || !number ||
        *number >= listing_.one_process.size())
      continue;
    const auto size = parse_size(trim(entry.substr(equals + 1)));
    Gpu& gpu = listing_.gpus[listing_.one_process[*number]];
    if (size) {
      gpu.reading.per_process_cap = ProcessCap{kName, size->count};
    } else {
      listing_.notes.push_back(std::string(kName) + ": " +
                               size.error().message);
    }
  }
}

GpuListing Listing::build() {
  sort_by_address(report_.devices);
  for (std::size_t at = 0; at < report_.devices.size(); ++at) {
    const std::size_t count = report_.devices[at].instances.size();
    if (count == 0) add_device(at);
    for (std::size_t i = 0; i < count; ++i) add_instance(at, i);
  }
  const CudaVisibility seen =
      cuda_visible(cuda_devices(report_.devices), machine_.environment(),
                   report_.cuda_order);
  number(seen);
  explain_hidden();
  if (seen.order == CudaVisibility::Order::unclear) take_smallest();
  cap_by_mps();
  if (!listing_.one_process.empty()) {
    listing_.outcome = Outcome::answered;
  } else if (listing_.gpus.empty()) {
    listing_.why = "no GPU";
  } else {
    const Gpu& gpu = listing_.gpus.front();
    listing_.why = listing_.notes.empty() ? named(gpu) + ": " + gpu.skipped
                                          : listing_.notes.back();
  }
  return std::move(listing_);
}

}  // namespace

std::string kernel_driver_version(std::string_view text) {
  constexpr std::string_view kKey = "Kernel Module";
  for (const std::string_view line : lines(text)) {
    const std::size_t at = line.find(kKey);
    if (at == std::string_view::npos) continue;
    // "... Kernel Module for x86_64  560.35.03  Release ..."
    for (const std::string_view word : words(line.substr(at + kKey.size())))
      if (word.find_first_not_of("0123456789.") == std::string_view::npos)
        return std::string(word);
  }
  return {};
}

namespace probe {

GpuListing nvidia_listing(const GpuMachine& machine, NvmlReport report,
                          const std::string& source) {
  return Listing(machine, std::move(report), source).build();
}

GpuListing nvml_gpus(const GpuMachine& machine) {
  std::vector<std::string> question = machine.processes_of;
  question.insert(question.begin(), "nvml");
  const auto text = ask_drivers(machine, std::move(question),
                                child_spec(machine, "the NVIDIA driver",
                                           "persistence mode off? hung GPU?"));
  if (!text) return without_answer(Outcome::failed, text.error().message, "");
  auto report = parse_nvml_report(*text);
  if (!report)
    return without_answer(Outcome::failed, report.error().message, "");
  if (!report->not_loaded.empty())
    return library_missing(machine, report->not_loaded);
  if (report->status != nvml::success) return init_failed(machine, *report);
  return nvidia_listing(machine, std::move(report).value(), "nvml");
}

}  // namespace probe
}  // namespace fitrun
