#include "gpu/gpu.h"

#include <algorithm>

#include "base/text.h"

namespace fitrun {

std::string_view key_of(GpuVendor vendor) {
  switch (vendor) {
    case GpuVendor::nvidia:
      return "nvidia";
    case GpuVendor::amd:
      return "amd";
    case GpuVendor::intel:
      return "intel";
    case GpuVendor::other:
      break;
  }
  return "other";
}

std::string identity(const Gpu& gpu) {
  if (!gpu.uuid.empty()) return gpu.uuid;
  if (!gpu.address.empty()) return gpu.address;
  return gpu.name;
}

bool contains(const std::vector<std::size_t>& picks, std::size_t pick) {
  return std::find(picks.begin(), picks.end(), pick) != picks.end();
}

std::string short_text(std::string_view text) {
  constexpr std::size_t kMost = 100;
  return std::string(trim(printable(trim(text), kMost)));
}

std::string pci_address(std::string_view text) {
  std::string low = to_lower(trim(text));
  const auto parts = split(low, ':');
  if (parts.size() == 2) return "0000:" + low;
  if (parts.size() != 3 || parts[0].size() <= 4) return low;
  // Domains have 4 digits in sysfs and 8 in NVML.
  const std::size_t extra = parts[0].size() - 4;
  if (parts[0].substr(0, extra).find_first_not_of('0') !=
      std::string_view::npos)
    return low;
  return low.substr(extra);
}

}  // namespace fitrun
