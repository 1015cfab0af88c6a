// From the options to a plan: the one sequence that `run` and `plan` share.

#pragma once

#include "cli/options.h"
#include "plan/plan.h"
#include "share/claims.h"
#include "stage/stage.h"

namespace fitrun {

// Of a descriptor, bytes.
inline constexpr std::size_t kLargestDescriptor = 1U << 20;

// The stage that was asked for, wishes applied. Throws Failure with every
// mistake of the descriptor.
Stage load_stage(const Options& options, const Environment& environment);

// Reads a descriptor. Throws Failure with every mistake in it.
Stage read_stage(const std::string& name, const Environment& environment,
                 CostRule rule = CostRule::required);

// The command with its placeholders still in it: the command line's, else the
// descriptor's. Throws Failure where neither has one.
const std::vector<std::string>& command_of(const Stage& stage,
                                           const Options& options);

// Measures and decides; `live` are the leases that count, as `viewer` sees
// them. With retries, a count that is known to be killed for lack of memory is
// avoided. Throws Failure where an input file is missing or the memory cannot
// be measured.
Plan decide(const Stage& stage, const Options& options,
            const Environment& environment,
            const std::vector<LiveLease>& live = {}, const Viewer& viewer = {});

}  // namespace fitrun
