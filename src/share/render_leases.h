// The leases as people and programs read them: `fitrun leases`.
//
// Labels and commands may be another user's, so nothing in them reaches the
// terminal as a control sequence.

#pragma once

#include <string>
#include <vector>

#include "os/host.h"
#include "share/claims.h"

namespace fitrun {

// A lease with what /proc and the user database say about its holder.
struct ListedLease {
  LiveLease live;
  std::string user;     // name, or the number where it has none
  std::string command;  // "" where it cannot be seen
};

// Looks that up; the oldest lease first, then the queue in order.
std::vector<ListedLease> listed(const Host& host, std::vector<LiveLease> live);

// A table, or a sentence where there are none. Times are UTC.
std::string render_leases_text(const std::vector<ListedLease>& leases,
                               const std::vector<DeviceUse>& uses = {});

// {"folder": ..., "leases": [{"id", "label", "state", "pid", "user", "uid",
// "threads", "since", "within", "command", "holdings": [{"pool", "device",
// "leased", "used", "outstanding"}]}]}; bytes.
std::string render_leases_json(const std::string& folder,
                               const std::vector<ListedLease>& leases,
                               const std::vector<DeviceUse>& uses = {});

}  // namespace fitrun
