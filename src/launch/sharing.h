// Between the plan and the ledger: what leases have of each constraint, and
// what this launch sets aside.
//
// share/ knows nothing of constraints and probe/ nothing of leases; here one is
// put in terms of the other.

#pragma once

#include <vector>

#include "gpu/vram.h"
#include "plan/plan.h"
#include "probe/self.h"
#include "share/ledger.h"

namespace fitrun {

// Writes beside every constraint that spoke what live leases have of it. Not
// beside a figure that the user gave: who gives it knows what it is for.
// `device` is identity() of a GPU, "" for RAM.
void add_leases(PoolReading& reading, const std::string& device,
                const std::vector<LiveLease>& live, const Viewer& viewer,
                const std::vector<DeviceUse>& uses = {});

// What the processes behind leases hold of the GPUs, by the word of the
// drivers. `drm` was read before `gpus`.
std::vector<DeviceUse> device_uses(const std::vector<Gpu>& gpus,
                                   const std::vector<DrmUse>& drm);

// The same for all GPUs that leases hold. Asks no driver where there are none.
std::vector<DeviceUse> ask_device_uses(probe::Self& self,
                                       const std::vector<LiveLease>& live);

// What the plan needs, as a lease: fixed and all workers, in every pool.
LeaseRequest lease_request(const Plan& plan, std::uint64_t threads);

// What launches behind this one have to leave it, so that one worker starts:
// its costs and its reserve, and where they do not fit yet the share that it
// keeps free, which a launch with a larger headroom would take otherwise.
LeaseRequest place_request(const Plan& plan);

}  // namespace fitrun
