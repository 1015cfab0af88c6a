#include "gpu/dmem.h"

#include "base/saturate.h"
#include "base/text.h"
#include "gpu/gpu.h"

namespace fitrun {

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

std::vector<Constraint> probe::dmem_limits(Self& self,
                                           const std::string& address) {
  constexpr std::string_view kFile = "dmem.max";
  std::vector<Constraint> limits;
  if (address.empty()) return limits;
  for (const CgroupLevel& level : self.chain("dmem").levels) {
    const std::string folder = level.folder + "/";
    const auto limit_text = self.host().read(folder + std::string(kFile));
    const auto limit =
        limit_text ? dmem_value(*limit_text, address) : std::nullopt;
    if (!limit) continue;
    const auto used_text = self.host().read(folder + "dmem.current");
    Constraint c;
    c.name = "cgroup2.dmem.max";
    c.where = level.folder;
    c.file = kFile;
    c.level = level.path;
    c.limit = limit;
    c.used = used_text ? dmem_value(*used_text, address) : std::nullopt;
    if (c.used) {
      c.available = subtract(*limit, *c.used);
    } else {
      c.reason = "dmem.current does not say what is used";
    }
    limits.push_back(std::move(c));
  }
  return limits;
}

}  // namespace fitrun
