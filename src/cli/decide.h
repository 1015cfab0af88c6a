// From the options to a plan: the one sequence that `run` and `plan` share.

#pragma once

#include "cli/options.h"
#include "plan/plan.h"
#include "share/claims.h"
#include "stage/stage.h"

namespace fitrun {

// The stage that was asked for, wishes applied. Throws Failure with every
// mistake of the descriptor.
Stage load_stage(const Options& options, const Environment& environment);

// Reads a descriptor. Throws Failure with every mistake in it.
Stage read_stage(const std::string& name, const Environment& environment);

// Measures and decides; `live` are the leases that count, as `viewer` sees
// them. Throws Failure where an input file is missing or the memory cannot be
// measured.
Plan decide(const Stage& stage, const Options& options,
            const Environment& environment,
            const std::vector<LiveLease>& live = {}, const Viewer& viewer = {});

}  // namespace fitrun
