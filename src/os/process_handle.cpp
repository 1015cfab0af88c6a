#include "os/process_handle.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "os/file.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLookAgain{10};

}  // namespace

Fd open_pidfd(pid_t pid) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
}

Result<ProcessHandle> ProcessHandle::open(const Host& host,
                                          const ProcessId& id) {
  // In this order: what has the start time now, after the descriptor was made,
  // is what the descriptor stands for.
  ProcessHandle handle(host, id, open_pidfd(id.pid));
  if (!handle.runs_by_proc())
    return path_error("process " + std::to_string(id.pid), ESRCH);
  return handle;
}

bool ProcessHandle::runs_by_proc() const {
  const auto stat = read_process_stat(host_, id_.pid);
  return stat && stat->id() == id_ && !has_ended(*stat);
}

bool ProcessHandle::ended() const {
  pollfd end{pidfd_.get(), POLLIN, 0};
  if (pidfd_ && ::poll(&end, 1, 0) >= 0) return end.revents != 0;
  return !runs_by_proc();
}

bool ProcessHandle::wait(milliseconds most) const {
  const auto deadline = Clock::now() + most;
  while (!ended()) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    const milliseconds pause = std::min(left, kLookAgain);
    pollfd end{pidfd_.get(), POLLIN, 0};
    const auto timeout = static_cast<int>(
        std::min<long long>((pidfd_ ? left : pause).count(), 1 << 30));
    if (::poll(&end, 1, timeout) >= 0 || errno == EINTR) continue;
    const timespec time{0, static_cast<long>(pause.count()) * 1'000'000};
    ::nanosleep(&time, nullptr);
  }
  return true;
}

Result<void> ProcessHandle::send(int signal) const {
  if (pidfd_ &&
      ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0U) == 0)
    return {};
  // Refused, or Linux before 5.1: by number, which a process that lives holds.
  // It may end in between; nothing but a pidfd helps against that.
  if (!pidfd_ || errno == ENOSYS || errno == EPERM) {
    if (!runs_by_proc())
      errno = ESRCH;
    else if (::kill(id_.pid, signal) == 0)
      return {};
  }
  return path_error("process " + std::to_string(id_.pid), errno);
}

}  // namespace fitrun
