// Reads the lease files of some users and looks at the processes behind them.
//
// Costs seven system calls per lease where leases are most of the processes and
// ten elsewhere, so that 500 are worth two threads; and for leases whose holder
// has ended one look at the environments of this user's processes.
//
// Of another user's lease this much is believed: that a process which runs, is
// seen from here and is that user's own asks for as many bytes as it says, but
// never for more than the machine has. All that any one of them puts there is
// bounded by itself (256 leases of 16 KiB each, 1024 processes, fewer where
// many users have leases), so that nobody hides somebody else's. What remains
// is that a user can ask for the whole machine, be it honestly or not: then
// others run one worker, and those that wait stop listening after a while
// (ledger.h).

#pragma once

#include <sys/types.h>

#include <vector>

#include "os/host.h"
#include "share/claims.h"
#include "share/lease_file.h"
#include "share/lease_state.h"

namespace fitrun {

struct Survey {
  struct Stale {
    const LeaseFolder* folder = nullptr;
    LeaseName name;
  };
  std::vector<LiveLease> live;
  std::vector<Stale> stale;     // files that `view.user` may and should delete
  std::vector<LeaseName> held;  // lists of held jobs, of `view.user` alone
};

// Files that are no lease, or another user's and not readable, are left out.
Survey survey_leases(const Host& host,
                     const std::vector<const LeaseFolder*>& folders,
                     const Viewpoint& view);

}  // namespace fitrun
