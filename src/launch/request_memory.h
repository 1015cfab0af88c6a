// The use case of `fitrun request`: what a stage or tool is known to cost, and
// so what to ask a scheduler for. Nothing is measured: the job runs elsewhere.

#pragma once

#include "launch/caller.h"
#include "launch/options.h"
#include "os/host.h"
#include "plan/request.h"

namespace fitrun {

// Costs and wishes count as they do for a plan, what was learned here too; of a
// tool that is only named, what its bare command has taught. Throws Failure
// where nothing is known of the costs.
MemoryRequest request_memory(const LaunchOptions& options, const Host& host,
                             const Caller& caller);

}  // namespace fitrun
