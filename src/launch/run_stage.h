// `fitrun STAGE -- COMMAND`: decide, set the memory aside, become the command.

#pragma once

#include "base/exit_status.h"
#include "launch/caller.h"
#include "launch/options.h"
#include "os/host.h"

namespace fitrun {

// Does not return where the command was started: this process is it then, or
// ends as it ended. Throws Failure where it cannot be started, and where
// nothing fits and that is to fail.
[[noreturn]] void run_stage(const LaunchOptions& options, const Host& host,
                            const Caller& caller);

}  // namespace fitrun
