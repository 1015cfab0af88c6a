#include "gpu/intel.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/saturate.h"
#include "base/text.h"
#include "gpu/dmem.h"
#include "gpu/rocm_visible.h"

namespace fitrun {
namespace {

using Outcome = GpuListing::Outcome;

// The uapi of i915: struct drm_i915_query and what it points to.
namespace i915 {
struct QueryItem {
  std::uint64_t query_id;
  std::int32_t length;  // in: 0 asks for it; out: of the reply, or -errno
  std::uint32_t flags;
  std::uint64_t data;
};
struct Query {
  std::uint32_t items, flags;
  std::uint64_t item;
};
struct RegionsHead {
  std::uint32_t count, reserved[3];
};
struct Region {
  std::uint16_t memory_class, instance;  // class 1: local to the device
  std::uint32_t reserved;
  std::uint64_t probed, unallocated;  // all ones: unknown
  std::uint64_t more[8];
};
static_assert(sizeof(QueryItem) == 24 && sizeof(Query) == 16 &&
              sizeof(RegionsHead) == 16 && sizeof(Region) == 88);
constexpr std::uint64_t kMemoryRegions = 4;
constexpr unsigned long kQuery = _IOWR('d', 0x40 + 0x39, Query);
}  // namespace i915

// The uapi of xe: struct drm_xe_device_query and its reply.
namespace xe {
struct Query {
  std::uint64_t extensions;
  std::uint32_t query, size;
  std::uint64_t data, reserved[2];
};
struct RegionsHead {
  std::uint32_t count, reserved;
};
struct Region {
  std::uint16_t memory_class, instance;  // class 1: VRAM
  std::uint32_t min_page_size;
  std::uint64_t total, used, visible_size, visible_used, more[6];
};
static_assert(sizeof(Query) == 40 && sizeof(RegionsHead) == 8 &&
              sizeof(Region) == 88);
constexpr std::uint32_t kMemoryRegions = 1;
constexpr unsigned long kQuery = _IOWR('d', 0x40 + 0x00, Query);
}  // namespace xe

constexpr std::uint16_t kLocal = 1;
constexpr std::size_t kLargestReply = 1U << 16;

// Calls `use` with each local region; false where the reply is cut off.
template <typename Head, typename Region, typename Use>
bool each_local(std::string_view reply, const Use& use) {
  Head head{};
  if (reply.size() < sizeof head) return false;
  std::memcpy(&head, reply.data(), sizeof head);
  reply.remove_prefix(sizeof head);
  if (head.count > reply.size() / sizeof(Region)) return false;
  for (std::uint32_t i = 0; i < head.count; ++i) {
    Region region{};
    std::memcpy(&region, reply.data() + i * sizeof region, sizeof region);
    if (region.memory_class == kLocal) use(region);
  }
  return true;
}

void keep_least(std::optional<IntelMemory>& least, IntelMemory memory) {
  if (!least || memory.free < least->free) least = memory;
}

// The reply of a query that is asked twice, first for its size. `size` is
// where the kernel puts that. Empty where there is none.
template <typename Query, typename Size>
std::string reply_of(int fd, unsigned long request, Query& query, Size& size,
                     std::uint64_t& data) {
  if (::ioctl(fd, request, &query) != 0 || size <= 0 ||
      static_cast<std::size_t>(size) > kLargestReply)
    return {};
  std::string reply(static_cast<std::size_t>(size), '\0');
  data = reinterpret_cast<std::uintptr_t>(reply.data());
  if (::ioctl(fd, request, &query) != 0 || size < 0 ||
      static_cast<std::size_t>(size) > reply.size())
    return {};
  return reply;
}

std::optional<IntelMemory> query(int fd, const std::string& driver) {
  if (driver == "xe") {
    xe::Query ask{};
    ask.query = xe::kMemoryRegions;
    return parse_xe_regions(reply_of(fd, xe::kQuery, ask, ask.size, ask.data));
  }
  i915::QueryItem item{};
  item.query_id = i915::kMemoryRegions;
  i915::Query ask{};
  ask.items = 1;
  ask.item = reinterpret_cast<std::uintptr_t>(&item);
  return parse_i915_regions(
      reply_of(fd, i915::kQuery, ask, item.length, item.data));
}

// In a child: a hung card can hold its driver's locks.
Result<IntelMemory> read_memory(const GpuMachine& machine,
                                const DrmCard& card) {
  const auto node = probe::open_render_node(machine.host(), card);
  if (!node) return node.error();
  const Host& host = machine.host();
  const auto answer = run_in_child(
      [&host, &card]() -> std::string {
        const auto fd = probe::open_render_node(host, card);
        const auto memory = fd ? query(fd->get(), card.driver) : std::nullopt;
        if (!memory) return {};
        return fmt::format("{} {}", memory->total, memory->free);
      },
      child_spec(machine, "the Intel driver", "hung GPU?"));
  if (!answer) return answer.error();
  const auto parts = words(*answer);
  const auto total = parts.size() == 2 ? parse_count(parts[0]) : std::nullopt;
  const auto free = parts.size() == 2 ? parse_count(parts[1]) : std::nullopt;
  if (!total || !free)
    return Error{probe::title(card) + " does not report memory"};
  return IntelMemory{*total, *free};
}

bool is_integrated(const DrmCard& card) {
  return card.address == "0000:00:02.0";
}

Gpu read_card(const GpuMachine& machine, const DrmCard& card) {
  Gpu gpu;
  gpu.vendor = GpuVendor::intel;
  gpu.source = card.driver;
  gpu.reading.pool = Pool::vram;
  gpu.name = "Intel GPU " + card.pci_id;
  gpu.address = card.address;
  if (is_integrated(card)) {
    const auto node = probe::open_render_node(machine.host(), card);
    if (node) {
      take_from_ram(gpu, machine);
    } else {
      gpu.skipped = probe::title(card) + ": " + node.error().message;
    }
    return gpu;
  }
  if (!sees_intel_usage(machine.self.rights())) {
    gpu.skipped = "the kernel hides used memory of " + probe::title(card) +
                  " from unprivileged programs (needs CAP_PERFMON)";
    return gpu;
  }
  const auto memory = read_memory(machine, card);
  if (!memory) {
    gpu.problem = memory.error().message;
    return gpu;
  }
  gpu.total = memory->total;
  gpu.free = memory->free;
  gpu.reading.constraints.push_back(memory_constraint(
      card.driver + ".memory_regions", "/dev/dri/" + card.render, memory->total,
      memory->free));
  for (Constraint& c : probe::dmem_limits(machine.self, gpu.address))
    gpu.reading.constraints.push_back(std::move(c));
  return gpu;
}

void number(GpuListing& listing, const Environment& environment) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < listing.gpus.size(); ++i)
    if (listing.gpus[i].skipped.empty()) open.push_back(i);
  for (std::size_t i = 0; i < open.size(); ++i)
    listing.gpus[open[i]].runtime_index = static_cast<std::uint32_t>(i);
  const DeviceList seen = level_zero_visible(open.size(), environment);
  for (const std::size_t pick : seen.picks) {
    listing.gpus[open[pick]].number =
        static_cast<std::uint32_t>(listing.one_process.size());
    listing.one_process.push_back(open[pick]);
  }
  listing.each_process = listing.one_process;
  listing.notes = seen.notes;
  if (seen.order == DeviceList::Order::unclear && open.size() > 1)
    listing.unclear = seen.notes.back();
  for (Gpu& gpu : listing.gpus)
    if (!gpu.number && gpu.skipped.empty())
      gpu.skipped = "not in ZE_AFFINITY_MASK";
}

}  // namespace

bool sees_intel_usage(const Rights& rights) {
  return rights.has_capability(kCapPerfmon) ||
         rights.has_capability(kCapSysAdmin);
}

std::optional<IntelMemory> parse_i915_regions(std::string_view reply) {
  constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();
  std::optional<IntelMemory> least;
  bool known = true;
  const bool whole = each_local<i915::RegionsHead, i915::Region>(
      reply, [&](const i915::Region& region) {
        known = known && region.probed != kUnknown &&
                region.unallocated != kUnknown;
        keep_least(least, {region.probed,
                           std::min(region.probed, region.unallocated)});
      });
  return whole && known ? least : std::nullopt;
}

std::optional<IntelMemory> parse_xe_regions(std::string_view reply) {
  std::optional<IntelMemory> least;
  const bool whole = each_local<xe::RegionsHead, xe::Region>(
      reply, [&](const xe::Region& region) {
        keep_least(least, {region.total, subtract(region.total, region.used)});
      });
  return whole ? least : std::nullopt;
}

GpuListing probe::intel_gpus(const GpuMachine& machine,
                             const std::vector<DrmCard>& cards) {
  GpuListing listing;
  std::vector<DrmCard> ours;
  for (const DrmCard& card : cards)
    if (card.driver == "i915" || card.driver == "xe") ours.push_back(card);
  if (ours.empty()) {
    listing.why = "no card";
    return listing;
  }
  std::stable_partition(ours.begin(), ours.end(), [](const DrmCard& card) {
    return !is_integrated(card);
  });
  bool hidden = false;
  for (const DrmCard& card : ours) {
    listing.gpus.push_back(read_card(machine, card));
    hidden = hidden ||
             (!is_integrated(card) && !listing.gpus.back().skipped.empty());
  }
  if (hidden) {
    // Not the integrated GPU in its place: programs take the discrete one.
    for (Gpu& gpu : listing.gpus)
      if (gpu.skipped.empty())
        gpu.skipped = "there is a GPU before it that cannot be measured";
    listing.why = listing.gpus.front().skipped;
    listing.advice =
        "run 'setcap cap_perfmon+ep' on fitrun, or give the free memory with "
        "--available vram=SIZE";
    return listing;
  }
  number(listing, machine.environment());
  if (!listing.one_process.empty()) {
    listing.outcome = Outcome::answered;
  } else if (!listing.notes.empty()) {
    listing.why = listing.notes.front();
  } else {
    listing.why = listing.gpus.front().skipped;
  }
  return listing;
}

}  // namespace fitrun
