#include "share/lock.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <thread>

#include "base/text.h"
#include "os/file.h"

namespace fitrun {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// How often to ask who has it.
constexpr milliseconds kBetweenLooks{50};
constexpr microseconds kShortestPause{200};
constexpr microseconds kLongestPause{5'000};

// Whether the lock is with a process of `user`.
bool is_with(const Host& host, const LeaseFolder& folder, uid_t user) {
  struct stat info {};
  const Result<std::string> locks = host.read("/proc/locks");
  if (!locks || ::fstat(folder.fd.get(), &info) != 0) return false;
  const pid_t holder = parse_lock_holder(*locks, info.st_dev, info.st_ino);
  const std::string process = host.full("/proc/" + std::to_string(holder));
  return holder > 0 && ::stat(process.c_str(), &info) == 0 &&
         info.st_uid == user;
}

}  // namespace

// By asking again: flock(2) has no time limit, and an alarm would touch the
// signals that the command inherits.
Result<FolderLock> lock_folder(const Host& host, const LeaseFolder& folder,
                               uid_t user) {
  const auto start = steady_clock::now();
  auto looked = start;
  nanoseconds with_others{0};
  microseconds pause = kShortestPause;
  while (::flock(folder.fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return path_error(folder.path, errno);
    const auto now = steady_clock::now();
    if (folder.reach == Reach::all_users && now - looked >= kBetweenLooks) {
      if (!is_with(host, folder, user)) with_others += now - looked;
      looked = now;
    }
    if (with_others >= kPatienceWithOthers)
      return Error{folder.path + ": another user keeps it locked", EWOULDBLOCK};
    if (now - start >= kPatience)
      return Error{folder.path + ": another launch keeps it locked",
                   EWOULDBLOCK};
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  return FolderLock(folder);
}

void FolderLock::unlock() {
  if (folder_) ::flock(folder_->fd.get(), LOCK_UN);
  folder_ = nullptr;
}

// "1: FLOCK  ADVISORY  WRITE 653 00:19:1234 0 EOF": the pid, then the device in
// hexadecimal and the inode.
pid_t parse_lock_holder(std::string_view text, dev_t device, ino_t inode) {
  char place[64];
  std::snprintf(place, sizeof place, "%02x:%02x:%ju", major(device),
                minor(device), static_cast<std::uintmax_t>(inode));
  for (const std::string_view line : lines(text)) {
    const std::vector<std::string_view> parts = words(line);
    if (parts.size() < 6 || parts[1] != "FLOCK" || parts[5] != place) continue;
    const auto pid = parse_count(parts[4]);
    if (pid && *pid <= std::numeric_limits<pid_t>::max())
      return static_cast<pid_t>(*pid);
  }
  return 0;
}

}  // namespace fitrun
