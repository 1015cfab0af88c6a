#include "run/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "os/argv.h"
#include "os/environment.h"
#include "os/file.h"

namespace fitrun {
namespace {

constexpr __itimer_which_t kTimers[] = {ITIMER_REAL, ITIMER_VIRTUAL,
                                        ITIMER_PROF};

// execve would have kept them; fork does not hand them to a child.
struct Timers {
  itimerval values[std::size(kTimers)]{};

  static Timers take() {
    Timers state;
    for (std::size_t i = 0; i < std::size(kTimers); ++i)
      ::getitimer(kTimers[i], &state.values[i]);
    return state;
  }

  void give() const {
    for (std::size_t i = 0; i < std::size(kTimers); ++i) {
      const timeval& left = values[i].it_value;
      if (left.tv_sec != 0 || left.tv_usec != 0)
        ::setitimer(kTimers[i], &values[i], nullptr);
    }
  }
};

// sd_listen_fds(3): the sockets are for the process whose number it says.
void pass_on_listen_pid(pid_t parent) {
  const char* const pid = std::getenv("LISTEN_PID");
  if (pid && std::to_string(parent) == pid)
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
}

[[noreturn]] void give_up(int errors, int code) {
  // Fewer bytes than PIPE_BUF into an empty pipe: one write takes all.
  [[maybe_unused]] const ssize_t n = ::write(errors, &code, sizeof code);
  ::_exit(127);
}

// Makes `fd` the descriptor `place`, open for the command; -1 changes nothing.
bool put_at(int fd, int place) {
  if (fd < 0) return true;
  // dup2 of a descriptor to itself would leave it close-on-exec.
  if (fd == place) return ::fcntl(fd, F_SETFD, 0) == 0;
  return ::dup2(fd, place) >= 0;
}

[[noreturn]] void run_child(const ChildSpec& spec, const CallerState& caller,
                            const Timers& timers, pid_t parent, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // The parent may have died before that took effect.
  if (::getppid() != parent) ::_exit(127);
  if (spec.cgroup_procs >= 0 && ::write(spec.cgroup_procs, "0", 1) != 1)
    give_up(errors, errno);
  if (!put_at(spec.input, STDIN_FILENO) || !put_at(spec.output, STDOUT_FILENO))
    give_up(errors, errno);
  if (const auto changed = apply(spec.changes); !changed)
    give_up(errors, changed.error().code);
  pass_on_listen_pid(parent);
  const std::vector<char*> words = pointers_to(spec.argv);

  timers.give();
  if (caller.adopts_orphans) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // Before they are sent: setting SIGCHLD to its default discards one that
  // waits.
  ::sigaction(SIGCHLD, &caller.on_child_end, nullptr);
  for (int number = 1; number <= SIGRTMAX; ++number)
    if (sigismember(&caller.pending, number) == 1) ::kill(::getpid(), number);
  ::sigprocmask(SIG_SETMASK, &caller.mask, nullptr);
  ::execvp(words[0], words.data());
  give_up(errors, errno);
}

}  // namespace

Result<StartedChild> start_child(const ChildSpec& spec,
                                 const CallerState& caller) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return path_error("pipe", errno);
  StartedChild child;
  child.exec_error = Fd(ends[0]);
  const Fd errors(ends[1]);
  const Timers timers = Timers::take();
  const pid_t parent = ::getpid();
  child.pid = ::fork();
  if (child.pid < 0) return path_error("fork", errno);
  if (child.pid == 0) run_child(spec, caller, timers, parent, errors.get());
  return child;
}

int exec_error_of(const StartedChild& child) {
  int code = 0;
  ssize_t n = 0;
  do {
    n = ::read(child.exec_error.get(), &code, sizeof code);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(sizeof code) ? code : 0;
}

}  // namespace fitrun
