// Between the plan and the ledger: what leases leave of each constraint, and
// what this launch sets aside.
//
// share/ knows nothing of constraints and probe/ nothing of leases; here one is
// put in terms of the other.

#pragma once

#include <vector>

#include "plan/plan.h"
#include "share/ledger.h"

namespace fitrun {

// Takes what live leases hold out of every constraint that spoke. A figure that
// the user gave stays: who gives it knows what it is for.
// `device` is identity() of a GPU, "" for RAM.
void subtract_leases(PoolReading& reading, const std::string& device,
                     const std::vector<LiveLease>& live, const Viewer& viewer);

// What the plan needs, as a lease: fixed and all workers, in every pool.
LeaseRequest lease_request(const Plan& plan, std::uint64_t threads);

// What must be available before one worker starts: its costs, and what headroom
// and reserve keep free beside them. Less would let launches behind this one
// take what it waits for.
LeaseRequest place_request(const Plan& plan);

}  // namespace fitrun
