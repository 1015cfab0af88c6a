// What a measurement needs before its first run, from options and plan; and how
// each of its runs is made.

#pragma once

#include "launch/caller.h"
#include "launch/options.h"
#include "measure/measure.h"
#include "plan/plan.h"
#include "stage/stage.h"

namespace fitrun {

// Throws Failure where the result could not be put where it is to go, before
// hours are spent.
void check_targets(const MeasureOptions& options, const Stage& stage);

// Throws Failure where an input is no file.
std::vector<Input> inputs_of(const MeasureOptions& options);

// The counts, how far they may go, and the inputs.
MeasureWishes wishes_of(const MeasureOptions& options, const Plan& plan,
                        std::vector<Input> inputs);

// Runs the stage with one count. Its standard input is `nowhere`, an open
// /dev/null, and so is its output, unless that is to be shown: ours is the
// report's. All arguments must outlive the function.
RunOnce runner(const Plan& plan, const Stage& stage,
               const std::vector<std::string>& command,
               const MeasureOptions& options, const Environment& environment,
               int nowhere);

}  // namespace fitrun
