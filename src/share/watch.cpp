#include "share/watch.h"

#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "os/process_handle.h"

namespace fitrun {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPeriod{1'000};
constexpr milliseconds kFirstPeriodOfGpus{5'000};
constexpr std::size_t kMostSteps = 10;  // of the period
// Descriptors are few (1024 by default); the timer covers the rest.
constexpr std::size_t kMostPids = 256;

bool overlaps(const std::vector<Holding>& a, const std::vector<Holding>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Holding& x) {
    return std::any_of(b.begin(), b.end(), [&](const Holding& y) {
      return x.pool == y.pool && x.device == y.device;
    });
  });
}

bool wants_gpu(const std::vector<Holding>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [](const Holding& holding) {
    return holding.pool == Pool::vram;
  });
}

// The processes whose end is the end of the lease.
void add_pids(const LiveLease& live, std::vector<pid_t>& pids) {
  if (live.state == LeaseState::left_behind)
    pids.insert(pids.end(), live.pids.begin(), live.pids.end());
  else if (!live.pids.empty())
    pids.push_back(live.pids.front());
}

// Reads all events; whether one of them is the removal of `file`, or of any
// file where that is "".
bool removal_seen(const Fd& folder_watch, const std::string& file) {
  alignas(inotify_event) char buffer[16 * (sizeof(inotify_event) + NAME_MAX)];
  bool seen = false;
  while (true) {
    const ssize_t n = ::read(folder_watch.get(), buffer, sizeof buffer);
    if (n <= 0) return seen;
    for (ssize_t at = 0; at < n;) {
      inotify_event event{};
      std::memcpy(&event, buffer + at, sizeof event);
      const char* const name = buffer + at + sizeof event;
      // Without a name: the folder itself, or events were lost.
      if (event.len == 0 || file.empty() || file == name) seen = true;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

milliseconds time_left(steady_clock::time_point until) {
  const auto now = steady_clock::now();
  if (until <= now) return milliseconds(0);
  return std::min(std::chrono::ceil<milliseconds>(until - now),
                  milliseconds(INT_MAX));
}

}  // namespace

Watch what_to_watch(const std::vector<LiveLease>& live, const Viewer& viewer,
                    const std::vector<Holding>& wanted) {
  const LiveLease* before = nullptr;
  std::size_t ahead = 0;
  for (const LiveLease& one : live) {
    if (one.owner != viewer.user || !waits_ahead(one, viewer) ||
        !overlaps(one.lease.holdings, wanted))
      continue;
    ++ahead;
    const auto place = [](const LiveLease& l) {
      return std::pair(l.lease.taken, l.lease.id);
    };
    if (!before || place(*before) < place(one)) before = &one;
  }
  Watch watch;
  const milliseconds first =
      wants_gpu(wanted) ? kFirstPeriodOfGpus : kFirstPeriod;
  watch.period = first * (1 + std::min(ahead, kMostSteps - 1));
  if (before) {
    add_pids(*before, watch.pids);
    watch.file = format_lease_name({before->lease.id, LeaseName::Kind::wait});
  } else {
    for (const LiveLease& one : live)
      if (one.owner == viewer.user && one.lease.id != viewer.id)
        add_pids(one, watch.pids);
  }
  return watch;
}

Fd watch_folder(const LeaseFolder& folder) {
  Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (fd && ::inotify_add_watch(fd.get(), folder.path.c_str(),
                                IN_DELETE | IN_ONLYDIR) < 0)
    fd.reset();
  return fd;
}

void forget_events(const Fd& folder_watch) {
  if (folder_watch) removal_seen(folder_watch, "");
}

Wake sleep_until(const Watch& watch, const Fd& folder_watch,
                 steady_clock::time_point deadline) {
  std::vector<Fd> processes;
  std::vector<pollfd> events;
  if (folder_watch) events.push_back({folder_watch.get(), POLLIN, 0});
  for (const pid_t pid : watch.pids) {
    if (processes.size() == kMostPids) break;
    Fd process = open_pidfd(pid);
    if (!process && errno == ESRCH) return Wake::changed;
    if (!process) continue;
    events.push_back({process.get(), POLLIN, 0});
    processes.push_back(std::move(process));
  }
  const auto look_again = steady_clock::now() + watch.period;
  while (true) {
    const milliseconds pause = time_left(std::min(deadline, look_again));
    const int ready =
        ::poll(events.data(), events.size(), static_cast<int>(pause.count()));
    if (ready <= 0) {
      if (time_left(deadline).count() == 0) return Wake::timed_out;
      if (time_left(look_again).count() == 0) return Wake::changed;
      continue;  // a signal that was caught or continued us
    }
    const bool files_only =
        folder_watch && ready == 1 && events.front().revents != 0;
    if (!files_only || removal_seen(folder_watch, watch.file))
      return Wake::changed;
  }
}

}  // namespace fitrun
