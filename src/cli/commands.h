// The commands of the command line, one short file each.
//
// All throw Failure; none catches it.

#pragma once

#include "base/exit_status.h"
#include "cli/options.h"
#include "launch/caller.h"

namespace fitrun {

// Becomes the command: does not return.
ExitStatus run_command(const Options& options, const Environment& environment);
ExitStatus plan_command(const Options& options, const Environment& environment);
ExitStatus probe_command(const Options& options,
                         const Environment& environment);
// Ends as the run that failed did, where one does.
ExitStatus measure_command(const Options& options,
                           const Environment& environment);
ExitStatus history_command(const Options& options,
                           const Environment& environment);
ExitStatus leases_command(const Options& options,
                          const Environment& environment);
ExitStatus check_command(const Options& options,
                         const Environment& environment);
ExitStatus jobs_command(const Options& options, const Environment& environment);
ExitStatus request_command(const Options& options,
                           const Environment& environment);
ExitStatus list_command(const Environment& environment);
ExitStatus show_command(const Options& options, const Environment& environment);
ExitStatus init_command(const Options& options, const Environment& environment);
ExitStatus help_command(const Options& options);

// Whoever typed this, with the log for what is to be said.
Caller caller_of(const Options& options, const Environment& environment);

}  // namespace fitrun
