// All that is known about the RAM pool. The one door of this folder for RAM:
// the sources behind it are files of their own, and probe/self.h shows which
// asks which.

#pragma once

#include "os/environment.h"
#include "os/host.h"
#include "probe/constraint.h"
#include "probe/self.h"

namespace fitrun::probe {

// Constraints in this order: the host's, then cgroup levels from ours up, then
// what the batch system promised; so that of equals the host binds, then the
// level nearest to us. Nothing is read twice by callers that share `self`.
PoolReading ram(Self& self);

// For those who ask nothing else.
PoolReading ram(const Host& host, const Environment& environment);

}  // namespace fitrun::probe
