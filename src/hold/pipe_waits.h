// Who waits at a pipe whose other end only stopped processes have: a job that
// runs may wait for what one that is held is to write or to read. Where anybody
// else has that end too, as make has that of its jobserver, nobody is waited
// for.

#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "hold/jobs.h"
#include "hold/lock_waits.h"
#include "os/host.h"
#include "os/process_pipes.h"

namespace fitrun {

struct PipeUser {
  pid_t pid = 0;
  bool stopped = false;
  PipeWait waits = PipeWait::none;
  std::vector<PipeEnd> ends{};
};

// Pure.
std::vector<LockWait> pipe_waits(const std::vector<PipeUser>& users);

// Of the processes of a tree, with the states in which they were seen.
std::vector<LockWait> read_pipe_waits(
    const Host& host, const std::vector<SeenProcess>& tree,
    const std::function<bool(const SeenProcess&)>& is_stopped);

}  // namespace fitrun
