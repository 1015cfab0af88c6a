// Starting the command as a child that cannot tell: it finds the signal mask,
// dispositions, timers and descriptors that it would have found had fitrun
// become it.
//
// Not posix_spawn: it cannot join a control group or ask for a signal at the
// parent's death, and it lacks the fall-back of execvp to /bin/sh for a script
// without a first line.

#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/environment_changes.h"
#include "base/result.h"
#include "os/fd.h"

namespace fitrun {

struct ChildSpec {
  std::vector<std::string>
      argv;                    // argv[0] is looked up in PATH, as execvp does
  EnvironmentChanges changes;  // a PATH that is set there counts
  // Descriptors that become its standard input and output; -1 leaves ours.
  // They stay the caller's.
  int input = -1;
  int output = -1;
  // An open cgroup.procs file, of either version, into which the child writes
  // itself before it becomes the command, so that all it allocates is counted
  // there. -1 is none. Stays the caller's.
  int cgroup_procs = -1;
};

// What a supervising parent changes in itself and its children must not see.
struct CallerState {
  sigset_t mask{};
  sigset_t pending{};  // sent before the start, and blocked by the caller
  struct sigaction on_child_end {};
  int adopts_orphans = 0;  // PR_GET_CHILD_SUBREAPER
};

struct StartedChild {
  pid_t pid = -1;
  // Readable once the command runs (end of file) or could not be started (an
  // errno, after which the child ends with 127).
  Fd exec_error;
};

// Forks. To be called from the thread that outlives the child: PR_SET_PDEATHSIG
// fires when the thread ends that forked (prctl(2)), and sends SIGTERM then.
Result<StartedChild> start_child(const ChildSpec& spec,
                                 const CallerState& caller);

// The errno of a child that has ended without becoming its command; 0 where it
// did become it. Does not block once the child has ended.
int exec_error_of(const StartedChild& child);

}  // namespace fitrun
