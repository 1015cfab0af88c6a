#include "gpu/drm.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "gpu/gpu.h"
#include "os/file.h"

namespace fitrun {
namespace {

bool is_card(std::string_view name) {
  constexpr std::string_view kPrefix = "card";
  return name.starts_with(kPrefix) && parse_count(name.substr(kPrefix.size()));
}

bool comes_before(const DrmCard& a, const DrmCard& b) {
  if (a.address.size() != b.address.size())
    return a.address.size() < b.address.size();
  return a.address < b.address;
}

}  // namespace

void parse_uevent(std::string_view text, DrmCard& card) {
  for (const std::string_view line : lines(text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "DRIVER") card.driver = value;
    if (key == "PCI_SLOT_NAME") card.address = pci_address(value);
    if (key == "PCI_ID") card.pci_id = value;
  }
}

namespace probe {

std::vector<DrmCard> drm_cards(const Host& host) {
  constexpr std::string_view kClass = "/sys/class/drm/";
  std::vector<DrmCard> cards;
  for (const std::string& name : host.list(kClass)) {
    if (!is_card(name)) continue;
    DrmCard card;
    card.name = name;
    card.folder = std::string(kClass) + name + "/device";
    const auto uevent = host.read(card.folder + "/uevent");
    if (!uevent) continue;
    parse_uevent(*uevent, card);
    if (card.driver.empty()) continue;
    for (const std::string& node : host.list(card.folder + "/drm"))
      if (node.starts_with("renderD")) card.render = node;
    cards.push_back(std::move(card));
  }
  std::stable_sort(cards.begin(), cards.end(), comes_before);
  return cards;
}

Result<Fd> open_render_node(const Host& host, const DrmCard& card) {
  if (card.render.empty()) return Error{"no render node", ENOENT};
  const std::string path = "/dev/dri/" + card.render;
  Fd fd(::open(host.full(path).c_str(),
               O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return path_error(path, errno);
  return fd;
}

std::string title(const DrmCard& card) {
  return card.address.empty() ? card.name
                              : card.name + " (" + card.address + ")";
}

}  // namespace probe
}  // namespace fitrun
