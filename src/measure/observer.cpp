#include "measure/observer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/text.h"
#include "measure/history.h"
#include "measure/oom_counter.h"
#include "measure/process_tree.h"
#include "os/file.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;

// Orphans go to us if our caller had us adopt them, and the observer is one
// that the command must not find among its children.
class AdoptingNobody {
 public:
  AdoptingNobody() {
    ::prctl(PR_GET_CHILD_SUBREAPER, &old_, 0, 0, 0);
    if (old_ != 0) ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
  ~AdoptingNobody() {
    if (old_ != 0) ::prctl(PR_SET_CHILD_SUBREAPER, old_, 0, 0, 0);
  }
  AdoptingNobody(const AdoptingNobody&) = delete;
  AdoptingNobody& operator=(const AdoptingNobody&) = delete;

 private:
  int old_ = 0;
};

// All but `kept` and standard error; the other standard ones are from and to
// nowhere.
void drop_descriptors(std::array<int, 2> kept) {
  const auto close_range = [](int first, int last) {
    if (first > last) return;
    if (::syscall(SYS_close_range, first, last, 0) == 0) return;
    // Before Linux 5.9.
    const long most = ::sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd <= last && fd < most; ++fd) ::close(fd);
  };
  std::sort(kept.begin(), kept.end());
  for (int fd = 0; fd < STDERR_FILENO; ++fd) {
    if (fd == kept[0] || fd == kept[1]) continue;
    ::close(fd);
    // The lowest free number is taken.
    [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);
  }
  int next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    close_range(next, fd - 1);
    next = std::max(next, fd + 1);
  }
  close_range(next, INT_MAX);
}

// What the observer is told and holds.
struct Watched {
  pid_t pid = 0;
  int process = -1;     // a pidfd
  int called_off = -1;  // a pipe: a byte where there is no run
};

// Until the process has ended.
void watch(const Watched& watched, const OomCounter& kills,
           const std::string& path, RunRecord record, const std::string& tag) {
  // Readable, or closed, once the command has started or was given up: what we
  // took before is none of its own.
  char byte = 0;
  ssize_t told = 0;
  do {
    told = ::read(watched.called_off, &byte, 1);
  } while (told < 0 && errno == EINTR);
  if (told == 1) return;
  SampledPeak peak{Host()};
  const auto start = Clock::now();
  while (true) {
    peak.look({watched.pid}, Clock::now());
    pollfd waiting{watched.process, POLLIN, 0};
    const auto pause =
        std::chrono::ceil<std::chrono::milliseconds>(peak.pause());
    if (::poll(&waiting, 1, static_cast<int>(pause.count())) > 0) break;
  }
  record.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  record.time = utc_time(::time(nullptr));
  record.peak = peak.peak();
  record.certainty = Certainty::at_least;
  record.method = "sampled by a detached observer";
  record.oom_kills = kills.kills();
  if (const std::string excess = excess_line(record); !excess.empty()) {
    const std::string line = printable(tag + excess) + "\n";
    [[maybe_unused]] const ssize_t n =
        ::write(STDERR_FILENO, line.data(), line.size());
  }
  [[maybe_unused]] const auto written = append_run(path, record);
}

[[noreturn]] void be_observer(const Watched& watched, const OomCounter& kills,
                              const std::string& path, const RunRecord& record,
                              const std::string& tag) {
  ::prctl(PR_SET_NAME, "fitrun-observer");
  drop_descriptors({watched.process, watched.called_off});
  if (::chdir("/") != 0) ::_exit(1);
  // What a caller has ignored or blocked for the command is not for us.
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // the reader of standard error may be gone
  try {
    watch(watched, kills, path, record, tag);
  } catch (...) {
    ::_exit(1);  // out of memory: the command may need it more
  }
  ::_exit(0);
}

}  // namespace

Result<Fd> start_observer(const std::string& runs_path, const RunRecord& record,
                          const std::string& tag) {
  const pid_t self = ::getpid();
  const OomCounter kills{Host(), Environment()};
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, self, 0)));
  if (!process) return path_error("pidfd_open", errno);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return path_error("pipe", errno);
  const Fd called_off(ends[0]);
  Fd ours(ends[1]);
  const AdoptingNobody until_it_is_an_orphan;
  const pid_t middle = ::fork();
  if (middle < 0) return path_error("fork", errno);
  if (middle == 0) {
    // The observer is an orphan before the command starts: it is nobody's
    // child that the command could wait for.
    ::setsid();
    const pid_t observer = ::fork();
    if (observer == 0) {
      be_observer({self, process.get(), called_off.get()}, kills, runs_path,
                  record, tag);
    }
    ::_exit(observer < 0 ? 1 : 0);
  }
  int status = 0;
  while (::waitpid(middle, &status, 0) < 0) {
    // With SIGCHLD ignored there is nothing to wait for.
    if (errno == ECHILD) return ours;
    if (errno != EINTR) return path_error("waitpid", errno);
  }
  if (status != 0) return path_error("fork", EAGAIN);
  return ours;
}

void call_off(const Fd& observer) {
  if (!observer) return;
  // Into an empty pipe: one write takes all.
  [[maybe_unused]] const ssize_t n = ::write(observer.get(), "-", 1);
}

}  // namespace fitrun
