#include "probe/cpus.h"

#include "base/text.h"
#include "probe/ram.h"

namespace fitrun {

std::optional<std::uint64_t> count_cpu_list(std::string_view text) {
  constexpr std::uint64_t kLargestCpu = 1U << 20;
  std::uint64_t count = 0;
  for (const std::string_view part : split(trim(text), ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_count(part.substr(0, dash));
    const auto last = dash == std::string_view::npos
                          ? first
                          : parse_count(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last > kLargestCpu)
      return std::nullopt;
    count += *last - *first + 1;
  }
  return count;
}

namespace probe {

Sourced<std::uint64_t> cpus(const Host& host, const Environment&) {
  constexpr std::string_view kKey = "Cpus_allowed_list:";
  if (const auto status = host.read("/proc/self/status")) {
    for (const std::string_view line : lines(*status)) {
      if (!line.starts_with(kKey)) continue;
      if (const auto count = count_cpu_list(line.substr(kKey.size())))
        return {*count, "CPUs allowed, /proc/self/status"};
    }
  }
  return {1,
          "unknown number of CPUs: no Cpus_allowed_list in "
          "/proc/self/status"};
}

}  // namespace probe
}  // namespace fitrun
