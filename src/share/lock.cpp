#include "share/lock.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace fitrun {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr microseconds kShortestPause{200};
constexpr microseconds kLongestPause{5'000};

// By asking again: flock(2) has no time limit, and an alarm would touch the
// signals that the command inherits.
Flock lock_within(const Fd& fd, milliseconds patience) {
  const auto end = steady_clock::now() + patience;
  microseconds pause = kShortestPause;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || steady_clock::now() >= end) return {};
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  return Flock(fd);
}

// Whether somebody waited in vain a moment ago. A clock that was set back does
// not make that last for ever.
bool without_patience(const Fd& lock) {
  struct stat info {};
  if (::fstat(lock.get(), &info) != 0) return false;
  const auto until = system_clock::from_time_t(info.st_mtim.tv_sec);
  const auto now = system_clock::now();
  return now < until && until <= now + kNoPatience;
}

void end_patience(const Fd& lock) {
  const auto until = system_clock::now() + kNoPatience;
  const struct timespec times[2] = {{0, UTIME_OMIT},
                                    {system_clock::to_time_t(until), 0}};
  ::futimens(lock.get(), times);
}

}  // namespace

void Flock::unlock() {
  if (locked_) ::flock(locked_->get(), LOCK_UN);
  locked_ = nullptr;
}

FolderLock lock_home(const LeaseHome& home, std::string& missed) {
  Flock own = lock_within(home.lock, kPatience);
  if (!own.held()) missed = home.own.path + ": another launch keeps it locked";
  if (!home.shared) return {std::move(own), {}};
  const bool waits = !without_patience(home.lock);
  Flock shared =
      lock_within(home.shared, waits ? kPatienceWithOthers : milliseconds(0));
  if (!shared.held()) {
    missed = home.where + ": another user keeps it locked";
    if (waits && own.held()) end_patience(home.lock);
  }
  return {std::move(own), std::move(shared)};
}

}  // namespace fitrun
