// A command that the kernel killed for lack of memory is run again with fewer
// workers. For that fitrun stays as its parent.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/caller.h"
#include "launch/options.h"
#include "plan/plan.h"

namespace fitrun {

// What the history says of the count that was decided: a cap, where as many
// workers were killed for lack of memory with no less of it available.
std::optional<WorkerCap> remembered_cap(const Plan& plan,
                                        const Environment& environment);

// Whether the run needs a parent: to try again, or because the process has to
// be one (as PID 1 it would take the observer with it).
bool stays_as_parent(const Plan& plan, const LaunchOptions& options);

// Runs the command, again with half the workers where the kernel has killed for
// lack of memory, at most `retries` times; each run is recorded. Ends as the
// last one ended. Throws Failure where the command cannot be started.
[[noreturn]] void run_as_parent(const Plan& plan, const Stage& stage,
                                const std::vector<std::string>& command,
                                std::uint64_t retries, const Caller& caller);

}  // namespace fitrun
