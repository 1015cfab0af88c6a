// Whether the kernel has killed somebody for lack of memory, by its own count.
//
// An exit status is no evidence: 137 is SIGKILL from anybody, and a job whose
// workers were killed can exit 0. The kernel counts its kills per control group
// (memory.events, memory.oom_control; Linux 4.13) and for the machine
// (/proc/vmstat). A difference means a kill in that group while the job ran,
// which is the job's only where the group is the job's own. A memory daemon
// (earlyoom, systemd-oomd) kills with signals and is not counted.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "os/environment.h"
#include "os/host.h"

namespace fitrun {

class OomCounter {
 public:
  // Counts in our own memory group, else on the whole machine. `host` must be
  // the running machine.
  OomCounter(const Host& host, const Environment& environment);

  // Kills since this was made; empty where nothing counts them.
  std::optional<std::uint64_t> kills() const;

  // "memory.events of /system.slice/ci.service", "/proc/vmstat"; for messages.
  const std::string& where() const { return where_; }

 private:
  std::optional<std::uint64_t> count() const;

  Host host_;
  std::string file_;
  std::string where_;
  std::optional<std::uint64_t> before_;
};

}  // namespace fitrun
