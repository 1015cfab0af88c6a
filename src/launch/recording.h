// What is remembered of a launch: a record in the history for each run, written
// by the keeper or by the parent that waits for the command. What a launch
// makes of the runs before it is in learning.h.

#pragma once

#include <string>
#include <vector>

#include "launch/caller.h"
#include "launch/learning.h"
#include "measure/held_run.h"
#include "measure/measure.h"
#include "measure/runs.h"
#include "os/fd.h"
#include "plan/plan.h"
#include "plan/target.h"
#include "stage/stage.h"

namespace fitrun {

// The stage as the history names it: its descriptor's absolute path, with
// "#NAME" for a stage of a project's file; "" for none.
std::string stage_id(const Stage& stage);

// The pool that the kernel kills for.
const PoolPlan& ram_of(const Plan& plan);

// Of a run that is about to start, whose end is still to be filled in; `own` is
// record_for() its target.
RunRecord record_of(const Plan& plan, const RunRecord& own,
                    const Launch& launch);

// Fills in how the run ended and puts it into the history; says so where it
// took more than was declared, or cannot be recorded.
void remember(const Plan& plan, RunRecord record, const RunOutcome& outcome,
              const Caller& caller);

// Starts the keeper of this process, which is about to become the command.
// Where that cannot be, says so: as a warning with --watch (`asked_for`), which
// also warns where the last of the `past` runs took more than is declared,
// because its keeper could not. What is returned is for call_off().
//
// With `hold` it holds the jobs as well; then nothing is returned where it
// could not be started, and the command is not to have that width.
Fd keep(const Plan& plan, const Target& target, const Learning& known,
        bool asked_for, std::optional<HoldOrders> hold, const Caller& caller);

}  // namespace fitrun
