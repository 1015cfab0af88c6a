// The commands of the command line, one short file each.
//
// All throw Failure; none catches it.

#pragma once

#include "base/exit_status.h"
#include "cli/options.h"

namespace fitrun {

// Becomes the command. Returns only where nothing fits and that is to fail.
ExitStatus run_stage(const Options& options, const Environment& environment);
ExitStatus show_plan(const Options& options, const Environment& environment);
ExitStatus show_probe(const Options& options, const Environment& environment);
// Ends as the run that failed did, where one does.
ExitStatus measure_stage(const Options& options,
                         const Environment& environment);
ExitStatus show_history(const Options& options, const Environment& environment);
ExitStatus show_leases(const Options& options, const Environment& environment);
ExitStatus check_stages(const Options& options, const Environment& environment);

}  // namespace fitrun
