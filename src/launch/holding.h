// What a launch gives to the keeper that is to hold its jobs, and what it says
// of it; and what is done about jobs that somebody else left stopped.

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "launch/caller.h"
#include "launch/learning.h"
#include "measure/held_run.h"
#include "os/host.h"
#include "plan/plan.h"
#include "plan/target.h"
#include "share/ledger.h"
#include "share/render_leases.h"

namespace fitrun {

// The variable that tells the command's own launches who holds: the pid of the
// command.
inline constexpr const char* kHolderVariable = "FITRUN_HOLDER";

// Whether one of our ancestors is a command whose jobs are held: then nothing
// in its tree is held by anybody else.
bool is_held_outside(const Host& host, const Caller& caller);

// What earlier builds have told of kinds of jobs: the records of all, and the
// peaks that those that held have kept.
KindCounts kinds_of_jobs(const KnownPeaks& peaks,
                         const std::vector<RunRecord>& records);
KindCounts kinds_of_jobs(const Target& target, const Learning& known,
                         const Caller& caller);

// For whoever is to hold, with what earlier builds of the same project with the
// same tool say of its jobs; empty where nothing is held, or no list of it can
// be made. All arguments must outlive it.
std::optional<HoldOrders> hold_orders(const Plan& plan, const Target& target,
                                      const Learning& known, const Host& host,
                                      Ledger& ledger, const Caller& caller);

// What live launches of this user hold.
HeldByLease held_now(const Ledger& ledger, const LedgerReading& seen,
                     const Host& host);

// Continues jobs whose keeper and guard are gone, and says so.
void continue_left_behind(const Ledger& ledger, const LedgerReading& seen,
                          const Host& host, const Caller& caller);

}  // namespace fitrun
