// Staying as the parent of the command, unnoticed.
//
// Only for what needs a parent (measure, --retry-on-oom, a copy per GPU);
// everything else becomes the command (exec.h). The caller and the command
// should not see the difference: the command stays in our process group and
// terminal, a signal sent to us is passed on, a stop is mirrored, and at the
// end we exit, or die, as it did. The one difference left: a signal sent with
// kill(2) to the whole group reaches the command twice, as with any wrapper
// that forwards. A group of its own would avoid that, and would let the command
// survive the `kill -9 -GROUP` of whoever is cleaning up.
//
// What would surprise: ^C is not forwarded. The terminal sends it to every
// process of the group, so the command has it already; signalfd tells these
// (si_code SI_KERNEL, signal(7)) from what a process sent (SI_USER).

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "run/child.h"

namespace fitrun {

struct ChildEnd {
  pid_t pid = -1;
  int exec_error = 0;   // the errno where the command could not be started
  int wait_status = 0;  // as of waitpid(2)
  // Bytes: the largest resident size of any one process among the child and
  // the descendants it waited for (ru_maxrss), pages of files included.
  std::uint64_t largest_process = 0;
  std::chrono::microseconds cpu{0};  // user and system, of the same processes
  std::chrono::microseconds elapsed{0};
};

struct SupervisedRun {
  std::vector<ChildEnd> ends;  // in the order of the specs
  // The last of SIGINT, SIGQUIT, SIGTERM and SIGHUP that reached us while it
  // ran, from the terminal or from a process; 0 for none. Somebody wants an
  // end, whatever the command made of it.
  int asked_to_end = 0;
};

// Whether processes that outlive their parents become our children. Measuring
// needs that to keep them in sight; the command could see the difference in
// getppid(2).
enum class Orphans { leave, adopt };

struct Supervision {
  // Called with the children that run, first as soon as they do; says after
  // how long to call it again. Signals wait while it works. Empty: no calls.
  std::function<std::chrono::milliseconds(const std::vector<pid_t>&)> tick;
  Orphans orphans = Orphans::leave;
};

// Runs the children beside each other until the last has ended. From the main
// thread only (see start_child). An error where the first could not be forked;
// children forked before a later one fails are asked to end with SIGTERM.
Result<SupervisedRun> supervise(const std::vector<ChildSpec>& specs,
                                const Supervision& supervision = {});

// Ends this process as the child ended: with its status or by its signal,
// without a core dump of our own. Where the signal does not kill us (a PID 1
// ignores those it has no handler for), with 128 + signal.
[[noreturn]] void end_as(int wait_status);

}  // namespace fitrun
