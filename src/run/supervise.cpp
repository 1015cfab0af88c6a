#include "run/supervise.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "os/file.h"
#include "os/sigchld.h"
#include "os/write_signals.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// All that can be caught but: what our own faults raise, which must end us, and
// SIGTTIN and SIGTTOU, whose stop is the answer that job control expects of us.
sigset_t forwarded_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS,
                           SIGTTIN, SIGTTOU, SIGKILL, SIGSTOP})
    sigdelset(&set, number);
  return set;
}

// The signals that a terminal sends to each process of its group.
bool from_terminal(const signalfd_siginfo& info) {
  if (info.ssi_code != SI_KERNEL) return false;
  switch (info.ssi_signo) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGHUP:
    case SIGWINCH:
      return true;
    default:
      return false;
  }
}

bool asks_to_end(int number) {
  return number == SIGINT || number == SIGQUIT || number == SIGTERM ||
         number == SIGHUP;
}

// Holds signals back for reading, and puts everything back as it was. Signals
// that are ignored are read as well: the command inherits that, and what it
// makes of a signal is its own affair.
class SignalReader {
 public:
  SignalReader() {
    old_.on_child_end = sigchld_.old();
    const sigset_t set = forwarded_signals();
    drop_own_write_signals();
    ::sigprocmask(SIG_BLOCK, &set, &own_mask_);
    old_.mask = callers_mask(own_mask_);
    take_pending();
    ::prctl(PR_GET_CHILD_SUBREAPER, &old_.adopts_orphans, 0, 0, 0);
    fd_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) code_ = errno;
  }
  ~SignalReader() { ::sigprocmask(SIG_SETMASK, &own_mask_, nullptr); }
  SignalReader(const SignalReader&) = delete;
  SignalReader& operator=(const SignalReader&) = delete;

  int fd() const { return fd_.get(); }
  int error() const { return code_; }
  const CallerState& old() const { return old_; }

  bool next(signalfd_siginfo& info) const {
    return ::read(fd_.get(), &info, sizeof info) ==
           static_cast<ssize_t>(sizeof info);
  }

 private:
  // execve keeps signals that the caller blocks and that are waiting, and a
  // fork does not: the child sends itself those.
  void take_pending() {
    sigset_t waiting;
    ::sigpending(&waiting);
    sigemptyset(&old_.pending);
    if (sigchld_.was_pending()) sigaddset(&old_.pending, SIGCHLD);
    for (int number = 1; number <= SIGRTMAX; ++number) {
      if (sigismember(&waiting, number) != 1 ||
          sigismember(&old_.mask, number) != 1 || number == SIGCHLD)
        continue;
      sigset_t one;
      sigemptyset(&one);
      sigaddset(&one, number);
      const timespec at_once{};
      if (::sigtimedwait(&one, nullptr, &at_once) == number)
        sigaddset(&old_.pending, number);
    }
  }

  const DefaultSigchld sigchld_;
  sigset_t own_mask_{};
  CallerState old_;
  Fd fd_;
  int code_ = 0;
};

class AdoptedOrphans {
 public:
  AdoptedOrphans(Orphans orphans, int old) : old_(old) {
    if (orphans == Orphans::adopt) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  ~AdoptedOrphans() { ::prctl(PR_SET_CHILD_SUBREAPER, old_, 0, 0, 0); }
  AdoptedOrphans(const AdoptedOrphans&) = delete;
  AdoptedOrphans& operator=(const AdoptedOrphans&) = delete;

 private:
  int old_;
};

microseconds duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + microseconds(time.tv_usec);
}

// `continued` is running again, by a SIGCONT that was not passed on by us.
enum class State { running, stopped, continued, ended };

struct Child {
  StartedChild process;
  State state = State::running;
  Clock::time_point start;
  sigset_t early{};  // signals that the group got before the child was there
};

class Supervisor {
 public:
  Supervisor(const SignalReader& signals, const Supervision& supervision)
      : signals_(signals), supervision_(supervision) {}

  // Signals are only read, and children only reaped, between two calls of
  // this: no pid that is signalled can have been given to another process.
  Result<SupervisedRun> run(const std::vector<ChildSpec>& specs) {
    for (const ChildSpec& spec : specs) {
      sigset_t early;
      ::sigpending(&early);
      auto started = start_child(spec, signals_.old());
      if (!started) {
        for (const Child& child : children_) send(child, SIGTERM);
        failure_ = started.error();
        break;
      }
      children_.push_back(
          {std::move(*started), State::running, Clock::now(), early});
      result_.ends.emplace_back();
      result_.ends.back().pid = children_.back().process.pid;
    }
    auto next_tick = Clock::now();
    while (left()) {
      if (supervision_.tick && Clock::now() >= next_tick)
        next_tick = Clock::now() + supervision_.tick(running());
      wait_until(next_tick);
      // In this order: a SIGCHLD that is read stands for a child that is
      // reaped after it.
      read_signals();
      reap();
      mirror_stop();
    }
    if (!failure_.message.empty()) return failure_;
    return result_;
  }

 private:
  bool left() const {
    return std::any_of(
        children_.begin(), children_.end(),
        [](const Child& child) { return child.state != State::ended; });
  }

  std::vector<pid_t> running() const {
    std::vector<pid_t> pids;
    for (const Child& child : children_)
      if (child.state != State::ended) pids.push_back(child.process.pid);
    return pids;
  }

  void wait_until(Clock::time_point next_tick) const {
    pollfd waiting{signals_.fd(), POLLIN, 0};
    int timeout = -1;
    if (supervision_.tick) {
      const auto wait =
          std::chrono::ceil<milliseconds>(next_tick - Clock::now());
      timeout =
          static_cast<int>(std::clamp<long long>(wait.count(), 0, 1 << 30));
    }
    ::poll(&waiting, 1, timeout);
  }

  static void send(const Child& child, int number) {
    if (child.state != State::ended) ::kill(child.process.pid, number);
  }

  void read_signals() {
    signalfd_siginfo info;
    while (signals_.next(info)) {
      const auto number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) continue;
      // Our own: a broken pipe at our own log line.
      if (info.ssi_code != SI_KERNEL &&
          info.ssi_pid == static_cast<std::uint32_t>(::getpid()))
        continue;
      if (asks_to_end(number)) result_.asked_to_end = number;
      if (number == SIGCONT) reap();  // it matters who is stopped
      for (Child& child : children_) {
        const bool missed = sigismember(&child.early, number) == 1;
        sigdelset(&child.early, number);
        // A command that has moved to another group is not the terminal's.
        if (from_terminal(info) && !missed &&
            ::getpgid(child.process.pid) == ::getpgrp())
          continue;
        if (number == SIGCONT)
          send_continue(child);
        else
          send(child, number);
      }
    }
  }

  // The shell's `fg` continues the whole group, `kill -CONT` only us: a child
  // that runs again since it was stopped has had its signal.
  void send_continue(Child& child) {
    if (child.state != State::continued) send(child, SIGCONT);
    if (child.state != State::ended) child.state = State::running;
    new_stop_ = false;
  }

  Child* find(pid_t pid) {
    const auto at = std::find_if(
        children_.begin(), children_.end(),
        [&](const Child& child) { return child.process.pid == pid; });
    return at == children_.end() ? nullptr : &*at;
  }

  // One change of state of `pid`, or with -1 of any child; whether there was
  // one.
  bool reap_one(pid_t pid) {
    int status = 0;
    rusage usage{};
    const pid_t changed =
        ::wait4(pid, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage);
    if (changed <= 0) return false;
    Child* const child = find(changed);
    if (!child) return true;
    if (WIFSTOPPED(status)) {
      child->state = State::stopped;
      new_stop_ = true;
    } else if (WIFCONTINUED(status)) {
      child->state = State::continued;
    } else {
      child->state = State::ended;
      record(*child, status, usage);
    }
    return true;
  }

  // Children that we did not start stay as they are, unless we have adopted
  // some: then nobody else would reap them.
  void reap() {
    if (supervision_.orphans == Orphans::adopt) {
      while (reap_one(-1)) continue;
      return;
    }
    for (const Child& child : children_)
      while (child.state != State::ended && reap_one(child.process.pid))
        continue;
  }

  void record(const Child& child, int status, const rusage& usage) {
    const auto index = static_cast<std::size_t>(&child - children_.data());
    ChildEnd& end = result_.ends[index];
    end.exec_error = exec_error_of(child.process);
    end.wait_status = status;
    end.largest_process = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    end.cpu = duration_of(usage.ru_utime) + duration_of(usage.ru_stime);
    end.elapsed =
        std::chrono::duration_cast<microseconds>(Clock::now() - child.start);
  }

  // With the last running child stopped, the shell should see us stop. By
  // SIGSTOP, since the kernel drops SIGTSTP for a group that no shell looks
  // after. What continues us continues, or is passed on to, the children.
  void mirror_stop() {
    if (!std::exchange(new_stop_, false)) return;
    for (const Child& child : children_)
      if (child.state != State::stopped && child.state != State::ended) return;
    if (left()) ::kill(::getpid(), SIGSTOP);
  }

  const SignalReader& signals_;
  const Supervision& supervision_;
  std::vector<Child> children_;
  SupervisedRun result_;
  Error failure_;
  bool new_stop_ = false;
};

}  // namespace

Result<SupervisedRun> supervise(const std::vector<ChildSpec>& specs,
                                const Supervision& supervision) {
  const SignalReader signals;
  if (signals.error() != 0) return path_error("signalfd", signals.error());
  const AdoptedOrphans orphans(supervision.orphans,
                               signals.old().adopts_orphans);
  return Supervisor(signals, supervision).run(specs);
}

void end_as(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    // The command has dumped its core; ours would overwrite it.
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
    ::signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    ::raise(number);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    std::exit(128 + number);
  }
  std::exit(WEXITSTATUS(wait_status));
}

}  // namespace fitrun
