#include "probe/limits.h"

#include <sys/resource.h>

#include "base/text.h"

namespace fitrun {
namespace {

// The soft limit on a line whose name, `key`, has been seen.
std::optional<std::uint64_t> soft_limit(std::string_view line,
                                        std::string_view key) {
  const auto columns = words(line.substr(key.size()));
  return columns.empty() ? std::nullopt : parse_count(columns[0]);
}

}  // namespace

Limits parse_limits(std::string_view text) {
  constexpr std::string_view kAddressSpace = "Max address space ";
  constexpr std::string_view kData = "Max data size ";
  constexpr std::string_view kProcesses = "Max processes ";
  Limits limits;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with(kAddressSpace))
      limits.address_space = soft_limit(line, kAddressSpace);
    if (line.starts_with(kData)) limits.data = soft_limit(line, kData);
    if (line.starts_with(kProcesses))
      limits.processes = soft_limit(line, kProcesses);
  }
  return limits;
}

Limits own_limits() {
  const auto soft = [](auto resource) -> std::optional<std::uint64_t> {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
      return std::nullopt;
    return limit.rlim_cur;
  };
  return {soft(RLIMIT_AS), soft(RLIMIT_DATA), soft(RLIMIT_NPROC)};
}

std::optional<ProcessCap> smallest_cap(const Limits& limits) {
  std::optional<ProcessCap> smallest;
  if (limits.address_space)
    smallest = ProcessCap{"rlimit.as", *limits.address_space};
  if (limits.data && (!smallest || *limits.data < smallest->bytes))
    smallest = ProcessCap{"rlimit.data", *limits.data};
  return smallest;
}

}  // namespace fitrun
