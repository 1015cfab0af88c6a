// The jobserver of ninja 1.13 and later: one FIFO with all of its tokens in it,
// from which clients take and into which they give back.
//
// It is in no folder. The command inherits a pipe, and whoever is started below
// it opens that by /proc/PID/fd/N, where PID is the command's: fitrun becomes
// the command, so that its pid is known. So it is there as long as the command
// is, whoever else is killed; nothing has to be removed; and no other user can
// open it, as none may look into the command (proc_pid_fd(5)).
//
// Nobody serves it: what comes back is given again by the kernel. So jobs start
// all at once here, as with a number, and what their memory needs is left to
// holding. What it is for is that ninja, the makes and the compilers that it
// starts share one number. A token of a client that was killed is lost.

#pragma once

#include <cstdint>

#include "base/result.h"
#include "hold/token_pipe.h"

namespace fitrun {

// For so many jobs at once, one of which needs no token, of the command that
// this process becomes.
Result<TokenEnds> make_token_fifo(std::uint64_t jobs);

}  // namespace fitrun
