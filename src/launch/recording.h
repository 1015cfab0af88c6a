// What is remembered of a launch: a record in the history for each run, written
// by the keeper of --watch or by the parent that waits for the command; and
// what a launch is told of the runs before it.

#pragma once

#include <string>
#include <vector>

#include "launch/caller.h"
#include "launch/options.h"
#include "measure/measure.h"
#include "measure/runs.h"
#include "os/fd.h"
#include "plan/plan.h"
#include "stage/stage.h"

namespace fitrun {

// The descriptor as the history names it: an absolute path; "" for none.
std::string stage_id(const std::string& file);

// The pool that the kernel kills for.
const PoolPlan& ram_of(const Plan& plan);

// Of a run that is about to start; its end is still to be filled in.
RunRecord record_of(const Plan& plan, const Launch& launch);

// Fills in how the run ended and puts it into the history; says so where it
// took more than was declared, or cannot be recorded.
void remember(const Plan& plan, RunRecord record, const RunOutcome& outcome,
              const Caller& caller);

// The recorded runs of the stage, for a launch that has a use for them. Read
// once, before anything is locked; says what could not be read.
std::vector<RunRecord> past_runs(const Stage& stage,
                                 const LaunchOptions& options,
                                 const Caller& caller);

// Starts the keeper of this process, which is about to become the command.
// Where that cannot be, says so. Warns where the last of the `past` runs took
// more than is declared, because its keeper could not. What is returned is for
// call_off().
Fd keep(const Plan& plan, const std::vector<RunRecord>& past,
        const Caller& caller);

}  // namespace fitrun
