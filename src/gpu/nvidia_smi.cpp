#include "gpu/nvidia_smi.h"

#include <cerrno>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "gpu/nvidia.h"
#include "gpu/nvml_abi.h"
#include "os/command.h"

namespace fitrun {
namespace {

// NVML's status for what stands in the place of a number.
int status_of(std::string_view word) {
  if (word == "[Insufficient Permissions]") return nvml::no_permission;
  if (word == "[GPU is lost]") return nvml::gpu_is_lost;
  if (word == "[Unknown Error]" || word == "ERR!") return nvml::unknown;
  return nvml::not_supported;
}

std::optional<std::uint64_t> mib(std::string_view word) {
  const auto count = parse_count(word);
  if (!count || *count > std::numeric_limits<std::uint64_t>::max() >> 20)
    return std::nullopt;
  return *count << 20;
}

NvmlMemory parse_memory(std::string_view total, std::string_view free) {
  const auto t = mib(total);
  const auto f = mib(free);
  if (t && f) return {nvml::success, *t, *f};
  return {status_of(f ? total : free), 0, 0};
}

}  // namespace

Result<NvmlReport> parse_nvidia_smi(std::string_view text) {
  constexpr std::size_t kBefore = 3;  // fields before the name
  constexpr std::size_t kAfter = 2;   // and behind it
  NvmlReport report;
  for (const std::string_view line : lines(text)) {
    if (trim(line).empty()) continue;
    const auto fields = split(line, ',');
    if (fields.size() < kBefore + 1 + kAfter)
      return Error{"nvidia-smi: not understood: " + in_quotes(line)};
    const auto field = [&](std::size_t i) { return trim(fields[i]); };
    const std::size_t last = fields.size() - kAfter;
    NvmlDevice device;
    device.uuid = short_text(field(1));
    device.address = pci_address(short_text(field(2)));
    const char* const begin = fields[kBefore].data();
    const char* const end = fields[last - 1].data() + fields[last - 1].size();
    device.name = short_text({begin, static_cast<std::size_t>(end - begin)});
    device.memory = parse_memory(field(last), field(last + 1));
    report.devices.push_back(std::move(device));
  }
  return report;
}

GpuListing probe::nvidia_smi_gpus(const GpuMachine& machine) {
  GpuListing listing;
  const std::string named =
      trusted_variable(machine.environment(), "FITRUN_NVIDIA_SMI");
  CommandSpec spec;
  spec.argv = {
      named.empty() ? "nvidia-smi" : named,
      "--query-gpu=index,uuid,pci.bus_id,name,memory.total,memory.free",
      "--format=csv,noheader,nounits"};
  spec.timeout = machine.deadline;
  const auto output = run_command(spec);
  if (!output) {
    listing.why =
        output.error().code == ENOENT ? "not found" : output.error().message;
    return listing;
  }
  if (output->exit_status != 0) {
    const auto said = lines(trim(output->text));
    listing.why =
        fmt::format("it ended with status {}{}", output->exit_status,
                    said.empty() ? "" : ": " + in_quotes(trim(said.front())));
    return listing;
  }
  auto report = parse_nvidia_smi(output->text);
  if (!report) {
    listing.why = report.error().message;
    return listing;
  }
  return nvidia_listing(machine, std::move(report).value(), "nvidia-smi");
}

}  // namespace fitrun
