#include "probe/zoneinfo.h"

#include <algorithm>

#include "base/saturate.h"
#include "base/text.h"

namespace fitrun {
namespace {

__extension__ using Wide = __int128;

// What has been read of the zone at hand. Its reserve is only known at its end.
struct Zone {
  std::uint64_t high = 0, managed = 0, protection = 0;
};

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::size_t end = std::min(text.find_first_of(" \t,"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::uint64_t number(std::string_view text) {
  return parse_count(trim(text)).value_or(0);
}

// The largest of "(0, 3000, 8000)".
std::uint64_t largest(std::string_view list) {
  std::uint64_t most = 0;
  list = trim(list);
  if (list.starts_with('(')) list.remove_prefix(1);
  if (list.ends_with(')')) list.remove_suffix(1);
  for (const std::string_view part : split(list, ','))
    most = std::max(most, number(part));
  return most;
}

void close_zone(Zone& zone, ZoneTotals* totals) {
  if (totals)
    totals->reserve =
        add(totals->reserve,
            std::min(zone.managed, add(zone.high, zone.protection)));
  zone = {};
}

// Of the node that the line names; null where it names none.
ZoneTotals* open_zone(std::string_view rest, std::vector<ZoneNode>& nodes) {
  const auto node = parse_count(take_word(rest));
  if (!node || *node >= kMostNodes) return nullptr;
  for (ZoneNode& known : nodes)
    if (known.node == *node) return &known.totals;
  nodes.push_back({*node, {}});
  return &nodes.back().totals;
}

void count(std::string_view key, std::string_view rest, Zone& zone,
           ZoneTotals& totals) {
  const auto sum_into = [&](std::uint64_t& total) {
    total = add(total, number(rest));
  };
  if (key == "pages" && take_word(rest) == "free") sum_into(totals.free);
  if (key == "low") sum_into(totals.low);
  if (key == "high") zone.high = number(rest);
  if (key == "managed") zone.managed = number(rest);
  if (key == "protection:") zone.protection = largest(rest);
  // Of the node since Linux 4.8, printed with its first zone; of each zone
  // before.
  if (key == "nr_active_file" || key == "nr_inactive_file")
    sum_into(totals.cache);
  if (key == "nr_slab_reclaimable" || key == "nr_kernel_misc_reclaimable")
    sum_into(totals.slab);
}

}  // namespace

std::vector<ZoneNode> parse_zoneinfo(std::string_view text) {
  std::vector<ZoneNode> nodes;
  Zone zone;
  ZoneTotals* totals = nullptr;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view key = take_word(line);
    if (key == "Node") {
      close_zone(zone, totals);
      totals = open_zone(line, nodes);
    } else if (totals) {
      count(key, line, zone, *totals);
    }
  }
  close_zone(zone, totals);
  return nodes;
}

ZoneTotals sum(const std::vector<ZoneNode>& nodes) {
  ZoneTotals all;
  for (const ZoneNode& node : nodes) {
    all.free = add(all.free, node.totals.free);
    all.cache = add(all.cache, node.totals.cache);
    all.slab = add(all.slab, node.totals.slab);
    all.low = add(all.low, node.totals.low);
    all.reserve = add(all.reserve, node.totals.reserve);
  }
  return all;
}

std::uint64_t mem_available(const ZoneTotals& totals) {
  const auto spare = [&](std::uint64_t pages) {
    return pages - std::min(pages / 2, totals.low);
  };
  const Wide available = Wide{totals.free} - totals.reserve +
                         spare(totals.cache) + spare(totals.slab);
  constexpr Wide kMost = ~std::uint64_t{0};
  return static_cast<std::uint64_t>(std::clamp(available, Wide{0}, kMost));
}

ZoneTotals in_bytes(const ZoneTotals& pages, std::uint64_t page_size) {
  return {multiply(pages.free, page_size), multiply(pages.cache, page_size),
          multiply(pages.slab, page_size), multiply(pages.low, page_size),
          multiply(pages.reserve, page_size)};
}

}  // namespace fitrun
