// SIGCHLD at its default while a child of our own runs.
//
// Where a caller ignores SIGCHLD, the kernel throws the status of a child away.
// Afterwards everything is as the command should find it: the disposition, and
// whether a SIGCHLD waits behind a mask. Setting the default discards one that
// does (POSIX, sigaction), and the end of our child would add one.

#pragma once

#include <signal.h>

#include <ctime>

namespace fitrun {

class DefaultSigchld {
 public:
  DefaultSigchld() : was_pending_(pending()) {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &standard, &old_);
  }
  DefaultSigchld(const DefaultSigchld&) = delete;
  DefaultSigchld& operator=(const DefaultSigchld&) = delete;
  ~DefaultSigchld() {
    ::sigaction(SIGCHLD, &old_, nullptr);
    if (was_pending_ == pending()) return;
    if (was_pending_) {
      ::raise(SIGCHLD);
      return;
    }
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGCHLD);
    const timespec now{};
    ::sigtimedwait(&only, nullptr, &now);
  }

  // The caller's.
  const struct sigaction& old() const { return old_; }
  bool was_pending() const { return was_pending_; }

 private:
  static bool pending() {
    sigset_t set;
    return ::sigpending(&set) == 0 && ::sigismember(&set, SIGCHLD) == 1;
  }

  bool was_pending_;
  struct sigaction old_ {};
};

}  // namespace fitrun
