#include "share/lease_state.h"

namespace fitrun {
namespace {

bool is_younger(const Lease& lease, const Viewpoint& view,
                std::chrono::nanoseconds than) {
  const std::uint64_t age = view.now > lease.taken ? view.now - lease.taken : 0;
  return age < static_cast<std::uint64_t>(than.count());
}

bool same_namespace(const Lease& lease, const Viewpoint& view) {
  return lease.holder.pid_namespace == view.self.pid_namespace;
}

}  // namespace

HolderState holder_state(const Lease& lease, const Viewpoint& view,
                         const std::optional<ProcessStat>& stat,
                         Existence existence) {
  if (!stat)
    return existence == Existence::some ? HolderState::hidden
                                        : HolderState::gone;
  if (has_ended(*stat)) return HolderState::gone;
  if (lease.holder.time_namespace != view.self.time_namespace)
    return HolderState::unknown;
  if (stat->start != lease.holder.start) return HolderState::gone;
  return stat->state == kStopped ? HolderState::stopped : HolderState::running;
}

std::string_view name_of(LeaseState state) {
  switch (state) {
    case LeaseState::running:
      return "running";
    case LeaseState::stopped:
      return "stopped";
    case LeaseState::left_behind:
      return "left-behind";
    case LeaseState::unseen:
      return "unseen";
    case LeaseState::ended:
      break;
  }
  return "ended";
}

LeaseState lease_state(const Lease& lease, const Viewpoint& view,
                       HolderState holder, std::optional<std::size_t> marked) {
  if (lease.holder.boot != view.self.boot) return LeaseState::ended;
  const bool some_marked = marked.value_or(0) > 0;
  if (!same_namespace(lease, view)) {
    if (some_marked) return LeaseState::running;
    const bool would_be_seen =
        marked && view.self.pid_namespace == kInitialPidNamespace &&
        !is_younger(lease, view, kUntilMarked);
    return would_be_seen || !is_younger(lease, view, kRampUp)
               ? LeaseState::ended
               : LeaseState::unseen;
  }
  if (holder == HolderState::stopped) return LeaseState::stopped;
  if (holder == HolderState::unknown)
    return some_marked ? LeaseState::running : LeaseState::unseen;
  if (holder != HolderState::gone) return LeaseState::running;
  // A launch that waits has started nothing that could go on without it.
  return some_marked && lease.kind == LeaseKind::held &&
                 is_younger(lease, view, kRampUp)
             ? LeaseState::left_behind
             : LeaseState::ended;
}

bool needs_marks(const Lease& lease, const Viewpoint& view,
                 HolderState holder) {
  return lease_state(lease, view, holder, std::nullopt) !=
         lease_state(lease, view, holder, 1);
}

}  // namespace fitrun
