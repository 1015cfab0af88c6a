// Holding on to one process: to wait for its end and to send it signals, though
// its number may be given to another one at any time.
//
// A pidfd (Linux 5.3) does that. Older kernels have none (ENOSYS), and the
// filter of a sandbox may refuse it (EPERM): then the start time tells whether
// the number still means the same process, and waiting is looking again and
// again.

#pragma once

#include <sys/types.h>

#include <chrono>

#include "base/result.h"
#include "os/fd.h"
#include "os/host.h"
#include "os/process.h"

namespace fitrun {

// Readable, for poll(2), once the process has ended. Close-on-exec. Empty where
// it cannot be had; then errno says why, and is ESRCH where there is no such
// process. For own children, whose numbers stay theirs until they are waited
// for; for others see ProcessHandle.
Fd open_pidfd(pid_t pid);

class ProcessHandle {
 public:
  // The error's code is ESRCH where that process does not live any more.
  static Result<ProcessHandle> open(const Host& host, const ProcessId& id);

  // `pidfd` may be empty.
  ProcessHandle(const Host& host, const ProcessId& id, Fd pidfd)
      : host_(host), id_(id), pidfd_(std::move(pidfd)) {}

  const ProcessId& id() const { return id_; }
  int pidfd() const { return pidfd_.get(); }  // for poll(2); -1 without one

  bool ended() const;

  // Waits until it has ended, or for so long; whether it has.
  bool wait(std::chrono::milliseconds most) const;

  // The error's code is ESRCH where it has ended, EPERM where it is not ours to
  // signal.
  Result<void> send(int signal) const;

 private:
  bool runs_by_proc() const;

  Host host_;
  ProcessId id_;
  Fd pidfd_;
};

}  // namespace fitrun
