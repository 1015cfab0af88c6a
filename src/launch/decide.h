// From what was asked to a plan: the one sequence that running, planning and
// measuring share.

#pragma once

#include <string>
#include <vector>

#include "launch/caller.h"
#include "launch/options.h"
#include "measure/runs.h"
#include "os/host.h"
#include "plan/plan.h"
#include "share/ledger.h"
#include "stage/stage.h"

namespace fitrun {

// Of a descriptor, bytes.
inline constexpr std::size_t kLargestDescriptor = 1U << 20;

// Reads a descriptor. Throws Failure with every mistake in it.
Stage read_stage(const std::string& name, const Environment& environment,
                 CostRule rule = CostRule::required);

// The stage that was asked for, wishes applied. Throws Failure with every
// mistake of the descriptor.
Stage load_stage(const LaunchOptions& options, const Environment& environment,
                 CostRule rule = CostRule::required);

// The command with its placeholders still in it: what was asked for, else the
// descriptor's. Throws Failure where neither has one.
const std::vector<std::string>& command_of(const Stage& stage,
                                           const LaunchOptions& options);

// Measures `host` and decides; `seen` are the leases that count, and `command`
// may be empty where nothing is to run. With retries, a count that the `past`
// runs show to be killed for lack of memory is avoided. Throws Failure where an
// input file is missing or the memory cannot be measured.
Plan decide(const Stage& stage, const std::vector<std::string>& command,
            const LaunchOptions& options, const Host& host,
            const LedgerReading& seen, const Caller& caller,
            const std::vector<RunRecord>& past = {});

}  // namespace fitrun
