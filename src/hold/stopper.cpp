#include "hold/stopper.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "os/process_handle.h"

namespace fitrun {
namespace {

// A stopped process may have forked while it was being stopped.
constexpr int kRounds = 3;
constexpr char kStopped = 'T';  // of /proc/PID/stat

}  // namespace

Stopper::Stopper(const Host& host, StopList list)
    : host_(host), list_(std::move(list)) {}

bool Stopper::is_stopped(const SeenProcess& process) const {
  return process.state == kStopped;
}

void Stopper::stop(const ProcessId& root, pid_t session,
                   std::vector<ProcessId>& stopped) {
  for (int round = 0; round < kRounds; ++round) {
    const auto stat = read_process_stat(host_, root.pid);
    if (!stat || stat->id() != root) return;
    bool more = false;
    for (const ProcessStat& member : read_tree(host_, {*stat})) {
      if (member.session != session || member.state == kStopped) continue;
      const auto handle = ProcessHandle::open(host_, member.id());
      const bool listed = std::find(stopped.begin(), stopped.end(),
                                    member.id()) != stopped.end();
      // Written down first: from then on somebody continues it.
      if (!handle || (!listed && !list_.add(member.id()))) continue;
      if (!listed) stopped.push_back(member.id());
      more = handle->send(SIGSTOP).has_value() || more;
    }
    if (!more) return;
  }
}

void Stopper::let_run(const std::vector<ProcessId>& stopped) {
  for (const ProcessId& process : stopped) {
    const auto handle = ProcessHandle::open(host_, process);
    if (handle) [[maybe_unused]]
      const auto sent = handle->send(SIGCONT);
    list_.remove(process);
  }
}

std::size_t continue_all(const Host& host, const StopList& list) {
  std::size_t continued = 0;
  for (const ProcessId& process : list.all()) {
    const auto handle = ProcessHandle::open(host, process);
    if (handle && handle->send(SIGCONT)) ++continued;
  }
  return continued;
}

}  // namespace fitrun
