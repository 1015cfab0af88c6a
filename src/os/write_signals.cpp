#include "os/write_signals.h"

#include <unistd.h>

#include <ctime>

namespace fitrun {
namespace {

constexpr int kHeld[] = {SIGPIPE, SIGXFSZ, SIGTTOU};

// Of the one mask that a process of one thread has.
struct Before {
  bool held = false;
  sigset_t mask{};
  sigset_t pending{};  // of those in kHeld
};
Before before;

}  // namespace

void hold_write_signals() {
  if (before.held) return;
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kHeld) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, &before.mask);
  before.held = true;
  sigemptyset(&before.pending);
  for (const int number : kHeld) {
    // What the caller does not block cannot be waiting.
    if (sigismember(&before.mask, number) != 1) continue;
    ::sigpending(&before.pending);
    return;
  }
}

void drop_own_write_signals() {
  if (!before.held) return;
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kHeld)
    if (sigismember(&before.pending, number) != 1) sigaddset(&set, number);
  sigset_t foreign;
  sigemptyset(&foreign);
  siginfo_t info{};
  const timespec now{};
  // The kernel names the writer as the sender (SI_USER).
  for (int number = 0; (number = ::sigtimedwait(&set, &info, &now)) > 0;)
    if (info.si_pid != ::getpid()) sigaddset(&foreign, number);
  for (const int number : kHeld)
    if (sigismember(&foreign, number) == 1) ::kill(::getpid(), number);
}

bool release_write_signals() {
  if (!before.held) return false;
  drop_own_write_signals();
  before.held = false;
  ::sigprocmask(SIG_SETMASK, &before.mask, nullptr);
  return true;
}

sigset_t callers_mask(sigset_t mask) {
  if (!before.held) return mask;
  for (const int number : kHeld)
    if (sigismember(&before.mask, number) != 1) sigdelset(&mask, number);
  return mask;
}

void end_of_broken_pipe() {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGPIPE);
  if (!before.held || sigismember(&before.mask, SIGPIPE) == 1) return;
  ::raise(SIGPIPE);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::sigprocmask(SIG_BLOCK, &only, nullptr);
}

}  // namespace fitrun
