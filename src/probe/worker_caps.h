// How many processes may still be started: a worker is at least one.
//
// Memory aside, a container with `--pids-limit 64` or a `ulimit -u` ends a job
// of 100 workers with "fork: Resource temporarily unavailable".

#pragma once

#include <vector>

#include "probe/constraint.h"
#include "probe/self.h"

namespace fitrun::probe {

// "cgroup2.pids.max" or "cgroup1.pids.max" for each level with a limit, leaf
// first, then "rlimit.nproc". The latter is held against an unknown number of
// processes of the user's, at least this one, and does not bind root
// (getrlimit(2); copy_process() in kernel/fork.c).
std::vector<WorkerCap> worker_caps(Self& self);

}  // namespace fitrun::probe
