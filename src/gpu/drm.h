// The graphics cards of this machine, as the kernel lists them in sysfs.
//
// /sys/class/drm has a folder per card ("card1") and per output ("card1-DP-1");
// only the former are looked at. A card is there also where this process may
// not use it: in a container sysfs shows all, and whether a card can be used
// says its render node in /dev/dri (Linux 3.17; drm-uapi.rst).

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fd.h"
#include "os/host.h"

namespace fitrun {

struct DrmCard {
  std::string name;     // "card1"
  std::string driver;   // "amdgpu", "i915", "xe", "nvidia", "nouveau"
  std::string address;  // PCI, "0000:03:00.0"; empty for other buses
  std::string pci_id;   // "1002:744C"
  std::string render;   // "renderD129"; empty where there is none
  std::string folder;   // "/sys/class/drm/card1/device"
};

// Fills in what the text of a device's `uevent` says.
void parse_uevent(std::string_view text, DrmCard& card);

namespace probe {

// In the order of PCI addresses; cards without a driver are left out.
std::vector<DrmCard> drm_cards(const Host& host);

// Opens the card's render node for reading and writing, which is what a
// program that uses the card does. The error has the path and the cause.
Result<Fd> open_render_node(const Host& host, const DrmCard& card);

// "card1 (0000:03:00.0)"
std::string title(const DrmCard& card);

}  // namespace probe
}  // namespace fitrun
