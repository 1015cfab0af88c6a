#include "probe/dmem.h"

#include <algorithm>

#include "base/text.h"
#include "probe/gpu.h"

namespace fitrun {
namespace {

// "/user.slice/x" of the line "0::/user.slice/x"; "" where there is none.
std::string unified_cgroup(std::string_view text) {
  for (const std::string_view line : lines(text))
    if (line.starts_with("0::/")) return std::string(line.substr(3));
  return {};
}

}  // namespace

std::optional<std::uint64_t> dmem_value(std::string_view text,
                                        const std::string& address) {
  for (const std::string_view line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() != 2) continue;
    const auto region = split(parts[0], '/');
    if (region.size() == 3 && pci_address(region[1]) == address)
      return parse_count(parts[1]);
  }
  return std::nullopt;
}

std::vector<Constraint> probe::dmem_limits(const Host& host,
                                           const std::string& address) {
  std::vector<Constraint> limits;
  const auto text = host.read("/proc/self/cgroup");
  if (address.empty() || !text) return limits;
  std::string group = unified_cgroup(*text);
  // A group outside of the namespace's root cannot be found from here.
  if (group.empty() || group.find("/..") != std::string::npos) return limits;
  while (true) {
    if (group == "/") group.clear();
    const std::string folder = "/sys/fs/cgroup" + group;
    const auto limit_text = host.read(folder + "/dmem.max");
    const auto used_text = host.read(folder + "/dmem.current");
    const auto limit =
        limit_text ? dmem_value(*limit_text, address) : std::nullopt;
    if (limit) {
      const auto used =
          used_text ? dmem_value(*used_text, address) : std::nullopt;
      Constraint c;
      c.name = "cgroup2.dmem.max";
      c.where = folder;
      c.limit = limit;
      c.used = used.value_or(0);
      c.available = *limit - std::min(*limit, *c.used);
      limits.push_back(std::move(c));
    }
    if (group.empty()) return limits;
    group.resize(group.rfind('/'));
  }
}

}  // namespace fitrun
