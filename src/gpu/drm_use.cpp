#include "gpu/drm_use.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/saturate.h"
#include "base/text.h"
#include "gpu/drm.h"
#include "gpu/gpu.h"

namespace fitrun {
namespace {

// "123 KiB", or bytes without a unit.
std::uint64_t parse_amount(std::string_view text) {
  const std::vector<std::string_view> parts = words(text);
  const auto number = parts.empty() ? std::nullopt : parse_count(parts[0]);
  if (!number) return 0;
  const std::string_view unit = parts.size() > 1 ? parts[1] : "";
  return multiply(*number, unit == "KiB"   ? 1U << 10
                           : unit == "MiB" ? 1U << 20
                                           : 1);
}

// Memory on the card is called "vram" by amdgpu, "vram0" by xe and "local0" by
// i915.
bool is_on_card(std::string_view region) {
  return region.starts_with("vram") || region.starts_with("local");
}

struct Regions {
  std::optional<std::uint64_t> resident;
  std::uint64_t memory = 0;  // the older name of resident
  std::uint64_t shared = 0;

  void note(std::string_view key, std::string_view value) {
    const auto is = [&](std::string_view kind) {
      return key.starts_with(kind) && is_on_card(key.substr(kind.size()));
    };
    const std::uint64_t amount = parse_amount(value);
    if (is("drm-resident-"))
      resident = add(resident.value_or(0), amount);
    else if (is("drm-memory-"))
      memory = add(memory, amount);
    else if (is("drm-shared-"))
      shared = add(shared, amount);
  }
  std::uint64_t alone() const {
    const std::uint64_t held = resident.value_or(memory);
    return subtract(held, shared);
  }
};

}  // namespace

std::optional<DrmClient> parse_drm_client(std::string_view text) {
  DrmClient client;
  std::optional<std::uint64_t> id;
  Regions regions;
  for (const std::string_view line : lines(text)) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with("drm-") || colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (key == "drm-pdev")
      client.address = pci_address(value);
    else if (key == "drm-client-id")
      id = parse_count(value);
    else
      regions.note(key, value);
  }
  if (client.address.empty() || !id) return std::nullopt;
  client.id = *id;
  client.bytes = regions.alone();
  return client;
}

namespace probe {

std::vector<DrmUse> drm_uses(const Host& host, const std::vector<pid_t>& pids) {
  std::vector<DrmUse> uses;
  if (pids.empty()) return uses;
  const std::vector<DrmCard> cards = drm_cards(host);
  const bool speaks =
      std::any_of(cards.begin(), cards.end(), [](const DrmCard& card) {
        return card.driver == "amdgpu" || card.driver == "xe" ||
               card.driver == "i915";
      });
  if (!speaks) return uses;
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const pid_t pid : pids) {
    const std::string folder = "/proc/" + std::to_string(pid) + "/fdinfo/";
    for (const std::string& name : host.list(folder)) {
      const auto text = host.read(std::string(folder).append(name));
      const auto client = text ? parse_drm_client(*text) : std::nullopt;
      if (!client || !seen.insert({client->address, client->id}).second)
        continue;
      if (client->bytes > 0)
        uses.push_back({client->address, pid, client->bytes});
    }
  }
  return uses;
}

}  // namespace probe
}  // namespace fitrun
