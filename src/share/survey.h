// Reads every lease file of a folder and looks at the processes behind it.
//
// Costs seven system calls per lease where leases are most of the processes and
// ten elsewhere, so that 500 are worth two threads; and for leases whose holder
// has ended one look at the environments of this user's processes. Whatever
// other users put into a shared folder is bounded: 2048 files, 16 KiB each,
// 8192 processes.

#pragma once

#include <sys/types.h>

#include <vector>

#include "os/host.h"
#include "share/claims.h"
#include "share/folder.h"
#include "share/lease_state.h"

namespace fitrun {

struct Survey {
  std::vector<LiveLease> live;
  std::vector<LeaseName> stale;  // files that `user` may and should delete
};

// Files that are no lease, or another user's and not readable, are left out.
Survey survey_leases(const Host& host, const LeaseFolder& folder,
                     const Viewpoint& view, uid_t user);

}  // namespace fitrun
