// What processes hold of the GPUs that DRM drivers serve (amdgpu, xe, i915).
//
// The kernel tells in /proc/PID/fdinfo of each open device file
// (Documentation/gpu/drm-usage-stats.rst; amdgpu since Linux 5.14), to whoever
// may look into the process. The pids are those of the /proc that is read.
//
// A bound from below: memory that has been moved out to RAM does not count, and
// neither does what is shared with another file.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/host.h"

namespace fitrun {

// One open device file, or several that came from it by dup() or fork().
struct DrmClient {
  std::string address;  // PCI, "0000:03:00.0"
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;  // of memory on the card
};

// The text of a fdinfo file; empty where it is not about such a device.
std::optional<DrmClient> parse_drm_client(std::string_view text);

struct DrmUse {
  std::string address;
  pid_t pid = 0;
  std::uint64_t bytes = 0;
};

namespace probe {

// Of each process that has such files; a file of several counts with the first.
// Reads nothing where there is no such card.
std::vector<DrmUse> drm_uses(const Host& host, const std::vector<pid_t>& pids);

}  // namespace probe
}  // namespace fitrun
