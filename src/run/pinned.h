// A copy of the command for each GPU, side by side, and one end for all.
//
// Signals and stops reach every copy, as supervise.h says. The surprise: a copy
// that fails does not end the others. They share nothing that the failure could
// have spoilt, and their work is worth keeping; whoever wants them to end sends
// a signal.

#pragma once

#include <vector>

#include "base/result.h"
#include "run/child.h"

namespace fitrun {

// Runs all copies to their ends. Gives the wait status of the one that failed
// first, and 0 where none did: for end_as(). Throws Failure, once all have
// ended, where a copy could not be started. An error where none was forked.
Result<int> run_pinned(const std::vector<ChildSpec>& copies);

}  // namespace fitrun
