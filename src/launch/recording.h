// What is remembered of a launch: a record in the history for each run, written
// by the observer of --watch or by the parent that waits for the command.

#pragma once

#include <string>
#include <vector>

#include "launch/caller.h"
#include "measure/measure.h"
#include "measure/runs.h"
#include "os/fd.h"
#include "plan/plan.h"

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

// Starts the observer of this process, which is about to become the command.
// Where that cannot be, says so. What is returned is for call_off().
Fd observe(const Plan& plan, const Caller& caller);

}  // namespace fitrun
