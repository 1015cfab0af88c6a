#include "gpu/amdgpu.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/saturate.h"
#include "base/text.h"
#include "gpu/dmem.h"
#include "gpu/rocm_visible.h"
#include "os/file.h"

namespace fitrun {
namespace {

using Outcome = GpuListing::Outcome;

constexpr std::string_view kNodes = "/sys/class/kfd/kfd/topology/nodes";
constexpr std::uint64_t kGib = 1ULL << 30;

std::optional<std::uint64_t> number_in(const Host& host,
                                       const std::string& path) {
  const auto text = host.read(path);
  return text ? parse_count(trim(*text)) : std::nullopt;
}

AmdMemory read_memory(const Host& host, const std::string& folder) {
  AmdMemory memory;
  memory.vram_total = number_in(host, folder + "/mem_info_vram_total");
  memory.vram_used = number_in(host, folder + "/mem_info_vram_used");
  memory.gtt_total = number_in(host, folder + "/mem_info_gtt_total");
  memory.gtt_used = number_in(host, folder + "/mem_info_gtt_used");
  if (host.read(folder + "/mem_info_vram_vendor") ||
      host.read(folder + "/board_info"))
    memory.board = AmdMemory::Board::known;
  return memory;
}

// The GPUs of the topology by node number. A node that may not be read is one
// that a device cgroup hides, also from ROCm.
std::vector<KfdNode> kfd_nodes(const Host& host) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : host.list(kNodes))
    if (const auto number = parse_count(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  std::vector<KfdNode> nodes;
  for (const std::uint64_t number : numbers) {
    const auto text =
        host.read(fmt::format("{}/{}/properties", kNodes, number));
    const auto node = text ? parse_kfd_node(*text) : std::nullopt;
    if (node) nodes.push_back(*node);
  }
  return nodes;
}

std::string uuid_text(std::uint64_t unique_id) {
  if (unique_id == 0) return {};
  return fmt::format("GPU-{:016x}", unique_id);
}

std::string sysfs_uuid(const Host& host, const DrmCard& card) {
  const auto text = host.read(card.folder + "/unique_id");
  if (!text) return {};
  const std::string digits = to_lower(trim(*text));
  if (digits.size() > 16 ||
      digits.find_first_not_of('0') == std::string::npos ||
      digits.find_first_not_of("0123456789abcdef") != std::string::npos)
    return {};
  return "GPU-" + std::string(16 - digits.size(), '0') + digits;
}

std::string card_name(const Host& host, const DrmCard& card) {
  if (const auto name = host.read(card.folder + "/product_name"))
    if (!trim(*name).empty()) return short_text(*name);
  return "AMD GPU " + card.pci_id;
}

void add_memory(Gpu& gpu, const AmdMemory& memory, const DrmCard& card,
                const GpuMachine& machine) {
  if (!memory.vram_total || !memory.vram_used) {
    gpu.problem = probe::title(card) + " does not report memory";
    return;
  }
  gpu.total = memory.vram_total;
  gpu.free = subtract(*memory.vram_total, *memory.vram_used);
  if (is_apu(memory)) {
    const std::uint64_t gtt_total = *memory.gtt_total;
    const std::uint64_t gtt_free =
        subtract(gtt_total, memory.gtt_used.value_or(gtt_total));
    Gpu shared = gpu;
    take_from_ram(shared, machine);
    shared.reading.constraints.push_back(memory_constraint(
        "amdgpu.gtt", card.folder + "/mem_info_gtt_used", gtt_total, gtt_free));
    const Constraint* const limit = binding(shared.reading);
    const std::uint64_t usable = *limit->available;
    gpu.reading.diagnostics.push_back("APU: the larger of VRAM " +
                                      format_bytes(*gpu.free) + " and GTT " +
                                      format_bytes(usable));
    if (usable > *gpu.free) {
      shared.reading.diagnostics.push_back(gpu.reading.diagnostics.back());
      gpu = std::move(shared);
      return;
    }
  }
  gpu.reading.constraints.push_back(
      memory_constraint("amdgpu.vram", card.folder + "/mem_info_vram_used",
                        *gpu.total, *gpu.free));
  for (Constraint& c : probe::dmem_limits(machine.self, gpu.address))
    gpu.reading.constraints.push_back(std::move(c));
}

Gpu read_card(const DrmCard& card, const GpuMachine& machine) {
  const Host& host = machine.host();
  Gpu gpu;
  gpu.vendor = GpuVendor::amd;
  gpu.source = "amdgpu";
  gpu.reading.pool = Pool::vram;
  gpu.name = card_name(host, card);
  gpu.uuid = sysfs_uuid(host, card);
  gpu.address = card.address;
  if (const auto node = probe::open_render_node(host, card); !node) {
    gpu.skipped = probe::title(card) + " has no usable " +
                  (card.render.empty() ? "render node: none in sysfs"
                                       : node.error().message);
    return gpu;
  }
  add_memory(gpu, read_memory(host, card.folder), card, machine);
  return gpu;
}

// Brings cards into ROCm's order; those that it does not know come last and
// take no number. Without a topology the order of PCI addresses stands.
std::size_t sort_for_rocm(std::vector<DrmCard>& cards, std::vector<Gpu>& gpus,
                          const std::vector<KfdNode>& nodes) {
  if (nodes.empty()) return cards.size();
  std::size_t placed = 0;
  for (const KfdNode& node : nodes) {
    const std::string render = "renderD" + std::to_string(node.render_minor);
    const auto found = std::find_if(
        cards.begin() + static_cast<std::ptrdiff_t>(placed), cards.end(),
        [&](const DrmCard& card) { return card.render == render; });
    if (found == cards.end()) continue;
    const auto at = static_cast<std::size_t>(found - cards.begin());
    if (gpus[at].uuid.empty()) gpus[at].uuid = uuid_text(node.unique_id);
    std::swap(cards[at], cards[placed]);
    std::swap(gpus[at], gpus[placed]);
    ++placed;
  }
  return placed;
}

void number(GpuListing& listing, std::size_t known,
            const Environment& environment) {
  std::vector<std::size_t> open;
  std::vector<std::string> uuids;
  for (std::size_t i = 0; i < known; ++i) {
    if (!listing.gpus[i].skipped.empty()) continue;
    listing.gpus[i].runtime_index = static_cast<std::uint32_t>(open.size());
    open.push_back(i);
    uuids.push_back(listing.gpus[i].uuid);
  }
  const DeviceList seen = rocm_visible(uuids, environment);
  for (const std::size_t pick : seen.picks) {
    Gpu& gpu = listing.gpus[open[pick]];
    gpu.number = static_cast<std::uint32_t>(listing.one_process.size());
    listing.one_process.push_back(open[pick]);
  }
  listing.each_process = listing.one_process;
  listing.notes = seen.notes;
  for (std::size_t i = 0; i < listing.gpus.size(); ++i) {
    Gpu& gpu = listing.gpus[i];
    if (gpu.number || !gpu.skipped.empty()) continue;
    gpu.skipped = i < known ? "not among ROCm's visible devices"
                            : "unknown to ROCm (/sys/class/kfd)";
  }
}

void check_kfd(const GpuMachine& machine, GpuListing& listing) {
  constexpr const char* kPath = "/dev/kfd";
  const Fd fd(::open(machine.host().full(kPath).c_str(),
                     O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    listing.notes.push_back(path_error(kPath, errno).message +
                            ": ROCm programs cannot use the GPU");
  }
}

}  // namespace

std::optional<KfdNode> parse_kfd_node(std::string_view text) {
  KfdNode node;
  bool is_gpu = false;
  for (const std::string_view line : lines(text)) {
    const auto pair = words(line);
    if (pair.size() != 2) continue;
    const auto value = parse_count(pair[1]);
    if (!value) continue;
    if (pair[0] == "drm_render_minor") node.render_minor = *value;
    if (pair[0] == "unique_id") node.unique_id = *value;
    if (pair[0] == "device_id") is_gpu = *value != 0;
  }
  if (!is_gpu || node.render_minor == 0) return std::nullopt;
  return node;
}

bool is_apu(const AmdMemory& memory) {
  return memory.board == AmdMemory::Board::unknown && memory.vram_total &&
         memory.gtt_total && *memory.vram_total <= 4 * kGib &&
         *memory.gtt_total >= 8 * kGib &&
         *memory.gtt_total / 4 >= *memory.vram_total;
}

GpuListing probe::amdgpu_gpus(const GpuMachine& machine,
                              const std::vector<DrmCard>& cards) {
  GpuListing listing;
  std::vector<DrmCard> ours;
  for (const DrmCard& card : cards)
    if (card.driver == "amdgpu") ours.push_back(card);
  if (ours.empty()) {
    listing.why = "no card";
    return listing;
  }
  for (const DrmCard& card : ours)
    listing.gpus.push_back(read_card(card, machine));
  const std::vector<KfdNode> nodes = kfd_nodes(machine.host());
  const std::size_t known = sort_for_rocm(ours, listing.gpus, nodes);
  number(listing, known, machine.environment());
  if (!nodes.empty()) check_kfd(machine, listing);
  if (nodes.size() > known) {
    listing.notes.emplace_back(
        "ROCm has more devices than there are cards (a partitioned GPU?): "
        "devices may be numbered otherwise than shown");
  }
  if (!listing.one_process.empty()) {
    listing.outcome = Outcome::answered;
    return listing;
  }
  const auto opened = [](const Gpu& gpu) { return gpu.total.has_value(); };
  if (!listing.notes.empty() &&
      std::any_of(listing.gpus.begin(), listing.gpus.end(), opened)) {
    listing.why = listing.notes.front();
  } else {
    listing.why = listing.gpus.front().skipped;
  }
  const auto denied = [](const Gpu& gpu) {
    return gpu.skipped.find("ermission denied") != std::string::npos;
  };
  if (std::any_of(listing.gpus.begin(), listing.gpus.end(), denied))
    listing.advice = "join the render group";
  return listing;
}

}  // namespace fitrun
