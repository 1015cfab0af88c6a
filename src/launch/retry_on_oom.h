// A command that the kernel killed for lack of memory is run again, with fewer
// workers or with what was learned of its jobs. For that fitrun stays as its
// parent.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "launch/caller.h"
#include "launch/learning.h"
#include "launch/options.h"
#include "measure/held_run.h"
#include "measure/runs.h"
#include "plan/plan.h"

namespace fitrun {

// What the `past` runs say of the count that was decided: a cap, where it or
// fewer workers were killed for lack of memory (measure/retry.h).
std::optional<WorkerCap> remembered_cap(const Plan& plan,
                                        const std::vector<RunRecord>& past,
                                        const Environment& environment);

// Whether the run needs a parent, which is to try again. Throws Failure where
// that cannot be.
bool stays_as_parent(const Plan& plan, const LaunchOptions& options);

// What a run is to be held by, with all that is known by now; empty where
// nobody can hold it.
using OrderHold = std::function<std::optional<HoldOrders>()>;

// Runs the command, again where the kernel has killed for lack of memory, at
// most `retries` times: with half the workers, or where its jobs are held, with
// the peaks just learned. Each run is recorded. Ends as the last one ended.
// Throws Failure where the command cannot be started.
[[noreturn]] void run_as_parent(const Plan& plan, const Target& target,
                                std::uint64_t retries, const Learning& known,
                                const OrderHold& order_hold,
                                const Caller& caller);

}  // namespace fitrun
