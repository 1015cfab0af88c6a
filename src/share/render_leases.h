// The leases as people and programs read them: `fitrun leases`.
//
// Labels and commands may be another user's, so nothing in them reaches the
// terminal as a control sequence.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "os/host.h"
#include "share/claims.h"

namespace fitrun {

struct ListedProcess {
  pid_t pid = 0;
  std::string command;  // "" where it cannot be seen
};

// A lease with what /proc and the user database say about its holder.
struct ListedLease {
  LiveLease live;
  std::string user;                   // name, or the number where it has none
  std::string command;                // "" where it cannot be seen
  std::vector<ListedProcess> held{};  // jobs of its command
};

// The first processes of jobs that are stopped, by the lease of their launch.
using HeldByLease = std::map<std::string, std::vector<pid_t>>;

// Looks that up; the oldest lease first, then the queue in order.
std::vector<ListedLease> listed(const Host& host, std::vector<LiveLease> live,
                                const HeldByLease& held = {});

// A table, or a sentence where there are none, and behind it the jobs that are
// held. Times are UTC.
std::string render_leases_text(const std::vector<ListedLease>& leases,
                               const std::vector<DeviceUse>& uses = {});

// {"folder": ..., "leases": [{"id", "label", "state", "pid", "user", "uid",
// "threads", "since", "within", "command", "holdings": [{"pool", "device",
// "leased", "used", "outstanding"}], "held": [{"pid",
// "command"}]}]}; bytes.
std::string render_leases_json(const std::string& folder,
                               const std::vector<ListedLease>& leases,
                               const std::vector<DeviceUse>& uses = {});

}  // namespace fitrun
