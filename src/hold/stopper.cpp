#include "hold/stopper.h"

#include <signal.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "os/process_handle.h"

namespace fitrun {
namespace {

// A stopped process may have forked while it was being stopped.
constexpr int kRounds = 3;

}  // namespace

Stopper::Stopper(const Host& host, StopList list, pid_t command)
    : host_(host), list_(std::move(list)), command_(command) {}

void Stopper::look() {
  if (!group_) return;
  group_->look();
  if (group_->members().empty()) return;
  std::unordered_set<pid_t> listed;
  for (const ProcessId& process : list_.all()) listed.insert(process.pid);
  // A copy: who is given back is taken out.
  for (const pid_t pid : std::unordered_set<pid_t>(group_->members())) {
    if (listed.contains(pid)) continue;
    const auto stat = read_process_stat(host_, pid);
    if (stat && listed.contains(stat->parent) && list_.add(stat->id()))
      born_frozen_.push_back({stat->id(), stat->parent});
    else
      group_->give_back(pid);
  }
}

bool Stopper::is_stopped(const SeenProcess& process) const {
  return process.state == kStopped || (group_ && group_->has(process.id.pid));
}

void Stopper::make_group() {
  if (!command_) return;
  auto group = FrozenGroup::make(host_, *command_);
  command_.reset();
  // Written down first, as the processes: so that somebody lets it go on.
  if (group && list_.set_group(group->folder()))
    group_.emplace(std::move(*group));
}

void Stopper::stop(const ProcessId& root, pid_t session,
                   std::vector<ProcessId>& stopped) {
  make_group();
  for (int round = 0; round < kRounds; ++round) {
    const auto stat = read_process_stat(host_, root.pid);
    if (!stat || stat->id() != root) return;
    bool more = false;
    for (const ProcessStat& member : read_tree(host_, {*stat})) {
      if (member.session != session || member.state == kStopped ||
          (group_ && group_->has(member.pid)))
        continue;
      const auto handle = ProcessHandle::open(host_, member.id());
      const bool listed = std::find(stopped.begin(), stopped.end(),
                                    member.id()) != stopped.end();
      // Written down first: from then on somebody continues it.
      if (!handle || (!listed && !list_.add(member.id()))) continue;
      if (!listed) stopped.push_back(member.id());
      // One way for each: what is both stopped and frozen would be so still
      // after half of it was undone.
      const bool frozen = !listed && group_ && group_->take(*handle);
      more = frozen || handle->send(SIGSTOP).has_value() || more;
    }
    if (!more) return;
  }
}

void Stopper::let_run(std::vector<ProcessId> stopped) {
  std::unordered_set<pid_t> parents;
  for (const ProcessId& process : stopped) parents.insert(process.pid);
  std::erase_if(born_frozen_, [&](const Born& born) {
    if (!parents.contains(born.parent)) return false;
    stopped.push_back(born.id);
    return true;
  });
  for (const ProcessId& process : stopped) {
    const auto handle = ProcessHandle::open(host_, process);
    if (handle && !(group_ && group_->give_back(process.pid))) [[maybe_unused]]
      const auto sent = handle->send(SIGCONT);
    list_.remove(process);
  }
}

std::size_t continue_all(const Host& host, const StopList& list) {
  release_frozen(list.group());
  std::size_t continued = 0;
  for (const ProcessId& process : list.all()) {
    const auto handle = ProcessHandle::open(host, process);
    if (handle && handle->send(SIGCONT)) ++continued;
  }
  return continued;
}

}  // namespace fitrun
