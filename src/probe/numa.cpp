#include "probe/numa.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/saturate.h"
#include "base/text.h"
#include "probe/meminfo.h"
#include "probe/self.h"

namespace fitrun {

std::optional<NodeSet> parse_node_list(std::string_view text) {
  NodeSet nodes;
  text = trim(text);
  if (text.empty()) return nodes;
  const auto parts = split(text, ',');
  if (parts.size() > kMostNodes) return std::nullopt;
  for (const std::string_view part : parts) {
    const std::size_t dash = part.find('-');
    const auto first = parse_count(part.substr(0, dash));
    const auto last = dash == std::string_view::npos
                          ? first
                          : parse_count(part.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    for (std::uint64_t n = *first; n <= *last && n < kMostNodes; ++n)
      nodes.set(n);
  }
  return nodes;
}

std::string list_of(const NodeSet& nodes) {
  std::string text;
  for (std::size_t first = 0; first < kMostNodes; ++first) {
    if (!nodes.test(first)) continue;
    std::size_t last = first;
    while (last + 1 < kMostNodes && nodes.test(last + 1)) ++last;
    if (!text.empty()) text += ',';
    text += last > first ? fmt::format("{}-{}", first, last)
                         : fmt::format("{}", first);
    first = last;
  }
  return text;
}

std::optional<NodeSet> parse_bind_policy(std::string_view numa_maps) {
  const auto fields = words(take_line(numa_maps));
  if (fields.size() < 2) return std::nullopt;
  const std::string_view policy = fields[1];
  const std::size_t colon = policy.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view mode = policy.substr(0, colon);
  if (mode.substr(0, mode.find('=')) != "bind") return std::nullopt;
  return parse_node_list(policy.substr(colon + 1));
}

namespace probe {
namespace {

std::optional<NodeSet> bound_by_system_call() {
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  std::array<unsigned long, kMostNodes / kBits> mask{};
  int mode = 0;
  // The kernel takes one bit less than it is told.
  if (::syscall(SYS_get_mempolicy, &mode, mask.data(), kMostNodes + 1, nullptr,
                0) != 0)
    return std::nullopt;
  if ((mode & ~MPOL_MODE_FLAGS) != MPOL_BIND) return std::nullopt;
  NodeSet nodes;
  for (std::size_t n = 0; n < kMostNodes; ++n)
    if ((mask[n / kBits] >> (n % kBits) & 1) != 0) nodes.set(n);
  return nodes;
}

// What one node can give, and all that it has.
struct NodeMemory {
  std::uint64_t available = 0;
  std::uint64_t total = 0;
};

std::optional<NodeMemory> node_memory(Self& self, std::size_t node) {
  std::vector<ZoneNode> zones = self.zones();
  std::erase_if(zones, [&](const ZoneNode& z) { return z.node != node; });
  const auto text = self.host().read(
      fmt::format("/sys/devices/system/node/node{}/meminfo", node));
  if (text) {
    const Meminfo info = parse_meminfo(*text);
    if (const auto available =
            estimate_available(info, zones, self.page_size()))
      return NodeMemory{*available, info.total.value_or(0)};
  }
  if (zones.empty()) return std::nullopt;
  return NodeMemory{mem_available(in_bytes(sum(zones), self.page_size())), 0};
}

}  // namespace

std::optional<NodeSet> bound_nodes(Self& self) {
  if (self.host().live()) return bound_by_system_call();
  const auto text = self.host().read("/proc/self/numa_maps");
  return text ? parse_bind_policy(*text) : std::nullopt;
}

std::optional<Constraint> numa_memory(Self& self) {
  // Not "online" or "possible": Mems_allowed may list nodes that do not exist.
  const auto text = self.host().read("/sys/devices/system/node/has_memory");
  if (!text) return std::nullopt;
  const auto with_memory = parse_node_list(*text);
  if (!with_memory || with_memory->count() < 2) return std::nullopt;

  NodeSet allowed = NodeSet().set();
  if (const auto& list = self.status().mems_allowed)
    allowed = parse_node_list(*list).value_or(allowed);
  if (const auto bound = bound_nodes(self)) allowed &= *bound;
  const NodeSet usable = *with_memory & allowed;
  if (usable == *with_memory) return std::nullopt;

  Constraint c;
  c.name = "numa.mems_allowed";
  c.where = "/sys/devices/system/node";
  NodeMemory all;
  for (std::size_t node = 0; node < kMostNodes; ++node) {
    if (!usable.test(node)) continue;
    const auto memory = node_memory(self, node);
    if (!memory) {
      c.reason = fmt::format("nothing says how much node {} has", node);
      return c;
    }
    all.available = add(all.available, memory->available);
    all.total = add(all.total, memory->total);
  }
  c.level = "nodes " + list_of(usable);
  c.available = all.available;
  if (all.total >= all.available && all.total > 0) {
    c.limit = all.total;
    c.used = all.total - all.available;
  }
  return c;
}

}  // namespace probe
}  // namespace fitrun
