#include "probe/meminfo.h"

#include "base/saturate.h"
#include "base/text.h"
#include "os/kernel_text.h"

namespace fitrun {

Meminfo parse_meminfo(std::string_view text) {
  Meminfo info;
  std::optional<std::uint64_t> slab_reclaimable;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (line.starts_with("Node ")) {
      const std::size_t blank = line.find(' ', 5);
      if (blank == std::string_view::npos) continue;
      line.remove_prefix(blank + 1);
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const auto value = [&] { return parse_kib(line.substr(colon + 1)); };
    if (key == "MemTotal") info.total = value();
    if (key == "MemFree") info.free = value();
    if (key == "MemAvailable") info.available = value();
    if (key == "Active(file)") info.active_file = value();
    if (key == "Inactive(file)") info.inactive_file = value();
    if (key == "KReclaimable") info.reclaimable = value();  // Linux 4.20
    if (key == "SReclaimable") slab_reclaimable = value();
    if (key == "CommitLimit") info.commit_limit = value();
    if (key == "Committed_AS") info.committed = value();
    if (key == "SwapTotal") info.swap = value();
  }
  if (!info.reclaimable) info.reclaimable = slab_reclaimable;
  return info;
}

std::optional<std::uint64_t> estimate_available(
    const Meminfo& info, const std::vector<ZoneNode>& zones,
    std::uint64_t page_size) {
  if (!info.free || zones.empty()) return info.free;
  ZoneTotals totals = in_bytes(sum(zones), page_size);
  totals.free = *info.free;
  totals.cache =
      add(info.active_file.value_or(0), info.inactive_file.value_or(0));
  totals.slab = info.reclaimable.value_or(0);
  return mem_available(totals);
}

}  // namespace fitrun
