// A process beside the command that works while the command runs, and that
// neither the command nor its caller can tell from none.
//
// It is forked before this process becomes the command. It is in a session of
// its own (^C and the end of a terminal are not for it), its working directory
// is "/", and it holds none of our descriptors: no pipe, terminal or mount is
// kept by it. Its parent is whoever adopts orphans here, so that the command
// does not find it with wait(2).
//
// Process 1 would adopt it itself. There it stays a child, but one without a
// signal at its end, which wait(2) passes over (__WCLONE, wait(2)); and it ends
// when process 1 does, as all processes of that namespace.

#pragma once

#include <functional>
#include <vector>

#include "base/result.h"

namespace fitrun {

// Calls `work` in that process, which ends when it returns or throws. `name` is
// what ps(1) shows, of at most 15 bytes; `kept` are the descriptors that `work`
// needs. The error is that there is none.
//
// To be called while there is one thread. No signal is left behind for the
// command, not even SIGCHLD.
Result<void> start_detached(const char* name, const std::vector<int>& kept,
                            const std::function<void()>& work);

}  // namespace fitrun
