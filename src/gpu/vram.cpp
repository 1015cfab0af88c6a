#include "gpu/vram.h"

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "base/saturate.h"
#include "base/text.h"
#include "gpu/amdgpu.h"
#include "gpu/drm.h"
#include "gpu/drm_use.h"
#include "gpu/intel.h"
#include "gpu/nvidia.h"
#include "gpu/nvidia_smi.h"
#include "gpu/select.h"
#include "gpu/vulkan.h"

namespace fitrun {
namespace {

using Outcome = GpuListing::Outcome;

constexpr std::chrono::milliseconds kDeadline{30'000};

enum class Source { nvml, amdgpu, intel, vulkan, nvidia_smi };

struct Asked {
  Source source;
  GpuListing listing;
};

const char* name_of(Source source) {
  switch (source) {
    case Source::nvml:
      return "NVML";
    case Source::amdgpu:
      return "amdgpu";
    case Source::intel:
      return "Intel";
    case Source::vulkan:
      return "Vulkan";
    case Source::nvidia_smi:
      break;
  }
  return "nvidia-smi";
}

// A vendor whose own visibility variable is set is meant. CUDA's proves
// nothing, because HIP reads it too.
std::vector<Source> order_of(const Environment& environment) {
  std::vector<Source> order{Source::nvml, Source::amdgpu, Source::intel};
  const auto prefer = [&](Source source) {
    order.erase(std::find(order.begin(), order.end(), source));
    order.insert(order.begin(), source);
  };
  if (environment.get("ZE_AFFINITY_MASK")) prefer(Source::intel);
  if (environment.get("ROCR_VISIBLE_DEVICES") ||
      environment.get("HIP_VISIBLE_DEVICES"))
    prefer(Source::amdgpu);
  return order;
}

bool has_own_memory(const GpuListing& listing) {
  return std::any_of(
      listing.one_process.begin(), listing.one_process.end(),
      [&](std::size_t i) { return listing.gpus[i].memory == GpuMemory::own; });
}

// Asks the sources and keeps what they said.
class Survey {
 public:
  Survey(const GpuMachine& machine, const VramOptions& options)
      : machine_(machine), options_(options) {}

  VramReading take();

 private:
  GpuListing ask(Source source);
  bool reachable(const char* variable) const;
  void ask_exact();
  void ask_fallbacks();
  void choose(VramReading& reading);
  void add_unused(GpuListing& listing, VramReading& reading) const;
  Error nothing_found() const;

  const GpuMachine& machine_;
  const VramOptions& options_;
  std::vector<DrmCard> cards_;
  std::vector<Asked> asked_;
  std::optional<std::size_t> chosen_;  // into asked_
  std::optional<std::size_t> failed_;
};

// Libraries speak of the machine that fitrun runs on, so not of a directory
// that describes another; unless a test names its own.
bool Survey::reachable(const char* variable) const {
  return machine_.host().live() ||
         !trusted_variable(machine_.environment(), variable).empty();
}

GpuListing Survey::ask(Source source) {
  GpuListing none;
  none.why = "not asked: this is not the machine that runs";
  switch (source) {
    case Source::nvml:
      return reachable("FITRUN_NVML") ? probe::nvml_gpus(machine_) : none;
    case Source::amdgpu:
      return probe::amdgpu_gpus(machine_, cards_);
    case Source::intel:
      return probe::intel_gpus(machine_, cards_);
    case Source::vulkan:
      return reachable("FITRUN_VULKAN") ? probe::vulkan_gpus(machine_) : none;
    case Source::nvidia_smi:
      return reachable("FITRUN_NVIDIA_SMI") ? probe::nvidia_smi_gpus(machine_)
                                            : none;
  }
  return none;
}

// The sources that know. The first with memory of its own is chosen, or the
// one whose GPUs the selection names.
void Survey::ask_exact() {
  const DeviceChoice& selection = options_.devices;
  const bool by_name =
      std::any_of(selection.names.begin(), selection.names.end(),
                  [](const std::string& name) { return !parse_count(name); });
  for (const Source source : order_of(machine_.environment())) {
    // Not only to list them: NVML wakes sleeping GPUs.
    if (chosen_ && source == Source::nvml) continue;
    asked_.push_back({source, ask(source)});
    const GpuListing& listing = asked_.back().listing;
    const std::size_t at = asked_.size() - 1;
    if (listing.outcome == Outcome::failed && !chosen_ && !failed_)
      failed_ = at;
    if (listing.outcome != Outcome::answered || chosen_) continue;
    if (by_name ? knows_all(listing, selection)
                : !failed_ && has_own_memory(listing))
      chosen_ = at;
  }
  for (std::size_t i = 0; i < asked_.size() && !chosen_ && !failed_; ++i)
    if (asked_[i].listing.outcome == Outcome::answered) chosen_ = i;
}

void Survey::ask_fallbacks() {
  const bool has_nvml =
      std::any_of(asked_.begin(), asked_.end(), [](const Asked& asked) {
        return asked.source == Source::nvml && !asked.listing.gpus.empty();
      });
  for (const Source source : {Source::vulkan, Source::nvidia_smi}) {
    if (chosen_ || (source == Source::nvidia_smi && has_nvml)) return;
    asked_.push_back({source, ask(source)});
    if (asked_.back().listing.outcome == Outcome::answered)
      chosen_ = asked_.size() - 1;
  }
}

Error Survey::nothing_found() const {
  std::string what = "no GPU memory source:";
  std::string advice;
  for (const Asked& asked : asked_) {
    what += (&asked == asked_.data() ? " " : "; ") +
            std::string(name_of(asked.source)) + ": " + asked.listing.why;
    if (!asked.listing.advice.empty()) advice += "\n" + asked.listing.advice;
  }
  return Error{what + advice +
               "\ngive the free memory yourself (--available vram=20GiB) or a "
               "command that prints it ([vram] probe = [...])"};
}

// Puts the chosen source's GPUs first and marks those that are used.
void Survey::choose(VramReading& reading) {
  GpuListing& listing = asked_[*chosen_].listing;
  auto used = select_gpus(listing, options_);
  if (used) {
    reading.used = std::move(used).value();
  } else {
    reading.error = used.error();
  }
  for (std::size_t i = 0; i < listing.gpus.size(); ++i) {
    Gpu& gpu = listing.gpus[i];
    const auto& in_use = reading.used;
    if (std::find(in_use.begin(), in_use.end(), i) != in_use.end()) {
      gpu.skipped.clear();
    } else if (gpu.skipped.empty()) {
      gpu.skipped = !gpu.problem.empty() ? gpu.problem
                    : reading.error      ? "no GPU can be used"
                    : options_.devices.choice == DeviceChoice::first
                        ? "only the first is used (devices = \"first\")"
                        : "not in devices";
    }
  }
  reading.gpus = std::move(listing.gpus);
  reading.notes = std::move(listing.notes);
}

VramReading Survey::take() {
  cards_ = probe::drm_cards(machine_.host());
  ask_exact();
  if (!chosen_ && !failed_) ask_fallbacks();
  VramReading reading;
  if (chosen_) {
    choose(reading);
  } else if (failed_) {
    const GpuListing& listing = asked_[*failed_].listing;
    reading.error = Error{listing.why + (listing.advice.empty() ? "" : "\n") +
                          listing.advice};
  } else {
    reading.error = nothing_found();
  }
  for (std::size_t i = 0; i < asked_.size(); ++i)
    if (i != chosen_) add_unused(asked_[i].listing, reading);
  return reading;
}

// The GPUs of a source that was not chosen, without those that another has
// listed already.
void Survey::add_unused(GpuListing& listing, VramReading& reading) const {
  const auto listed = static_cast<std::ptrdiff_t>(reading.gpus.size());
  for (Gpu& gpu : listing.gpus) {
    const auto same = [&](const Gpu& other) {
      return !gpu.address.empty() && other.address == gpu.address;
    };
    const auto begin = reading.gpus.begin();
    if (std::any_of(begin, begin + listed, same)) continue;
    if (gpu.skipped.empty()) {
      gpu.skipped =
          chosen_ ? "another vendor's GPUs are used" : "no GPU can be used";
      if (chosen_)
        reading.notes.push_back("not used: " + gpu.name + " (" + identity(gpu) +
                                ")");
    }
    gpu.number.reset();
    reading.gpus.push_back(std::move(gpu));
  }
}

}  // namespace

namespace probe {

VramReading survey_gpus(Self& self, const VramOptions& options) {
  constexpr const char* kTimeout = "FITRUN_GPU_TIMEOUT";
  GpuMachine machine{self, kDeadline, options.on_slow, options.processes_of};
  if (const auto text = self.environment().get(kTimeout)) {
    const auto deadline = parse_duration(*text);
    if (!deadline) {
      VramReading reading;
      reading.error =
          Error{std::string(kTimeout) + ": " + deadline.error().message};
      return reading;
    }
    machine.deadline = *deadline;
  }
  return Survey(machine, options).take();
}

Result<VramReading> vram(Self& self, const VramOptions& options) {
  VramReading reading = survey_gpus(self, options);
  if (reading.error) return *reading.error;
  return reading;
}

std::optional<std::uint64_t> vram_held(Self& self,
                                       const std::vector<pid_t>& pids) {
  std::optional<std::uint64_t> held;
  const auto count = [&](std::uint64_t bytes) {
    held = add(held.value_or(0), bytes);
  };
  for (const DrmUse& use : drm_uses(self.host(), pids)) count(use.bytes);
  if (!self.host().sees_all_pids()) return held;
  const GpuMachine machine{self, kDeadline, nullptr, {kEveryGpu}};
  for (const Gpu& gpu : nvml_gpus(machine).gpus) {
    if (!gpu.processes) continue;
    count(0);
    for (const GpuProcess& process : *gpu.processes)
      if (std::find(pids.begin(), pids.end(), process.pid) != pids.end())
        count(process.bytes);
  }
  return held;
}

}  // namespace probe
}  // namespace fitrun
