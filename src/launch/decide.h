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
#include "plan/target.h"
#include "probe/self.h"
#include "share/ledger.h"
#include "stage/stage.h"

namespace fitrun {

// Measures `host` and decides; `seen` are the leases that count. A count that
// the `past` runs show to be killed for lack of memory is avoided. With
// `member` the limits are those of the cgroups that this process is in, not
// ours. Throws Failure where an input file is missing or the memory cannot be
// measured.
Plan decide(const Target& target, const Host& host, const LedgerReading& seen,
            const Caller& caller, const std::vector<RunRecord>& past = {},
            pid_t member = 0);

// How many workers are wanted: what was asked for, a share of the CPUs in
// numbers.
Sourced<std::uint64_t> wanted_workers(const Target& target, probe::Self& self);

}  // namespace fitrun
