// The jobserver of a launch: whether its program takes part in the one that is
// planned, and what the command inherits of it.

#pragma once

#include <optional>

#include "hold/token_pipe.h"
#include "launch/caller.h"
#include "plan/plan.h"
#include "plan/target.h"

namespace fitrun {

// A FIFO is only for a program that says by --version that it takes part in
// one, and not where there is a make that would end at it. Else takes it out of
// the plan and says why. Asks nobody where none is planned.
void settle_jobserver(Plan& plan, const Target& target, const Caller& caller);

// What the command that this process becomes is to inherit; `pipe` is of the
// orders for whoever holds its jobs. Empty where there is no jobserver.
std::optional<TokenEnds> jobserver_ends(const Plan& plan,
                                        const std::optional<TokenPipe>& pipe,
                                        const Caller& caller);

// Says that there is none.
void tell_no_jobserver(const Plan& plan, const std::string& why,
                       const Caller& caller);

}  // namespace fitrun
