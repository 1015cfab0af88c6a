#include "share/standing.h"

namespace fitrun {
namespace {

bool is_younger(const Lease& lease, const Here& here,
                std::chrono::nanoseconds than) {
  const std::uint64_t age = here.now > lease.taken ? here.now - lease.taken : 0;
  return age < static_cast<std::uint64_t>(than.count());
}

bool same_namespace(const Lease& lease, const Here& here) {
  return lease.holder.pid_namespace == here.self.pid_namespace;
}

}  // namespace

Sighting sight(const Lease& lease, const std::optional<ProcessStat>& stat,
               Existence existence) {
  if (!stat)
    return existence == Existence::some ? Sighting::hidden : Sighting::gone;
  if (stat->start != lease.holder.start || has_ended(*stat))
    return Sighting::gone;
  return stat->state == 'T' ? Sighting::stopped : Sighting::running;
}

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::running:
      return "running";
    case Standing::stopped:
      return "stopped";
    case Standing::left_behind:
      return "left-behind";
    case Standing::unseen:
      return "unseen";
    case Standing::ended:
      break;
  }
  return "ended";
}

Standing judge(const Lease& lease, const Here& here, Sighting sighting,
               std::optional<std::size_t> marked) {
  if (lease.holder.boot != here.self.boot) return Standing::ended;
  const bool some_marked = marked.value_or(0) > 0;
  if (!same_namespace(lease, here)) {
    if (some_marked) return Standing::running;
    const bool would_be_seen =
        marked && here.self.pid_namespace == kInitialPidNamespace &&
        !is_younger(lease, here, kUntilMarked);
    return would_be_seen || !is_younger(lease, here, kRampUp)
               ? Standing::ended
               : Standing::unseen;
  }
  if (sighting == Sighting::stopped) return Standing::stopped;
  if (sighting != Sighting::gone) return Standing::running;
  // A launch that waits has started nothing that could go on without it.
  return some_marked && lease.kind == LeaseKind::held &&
                 is_younger(lease, here, kRampUp)
             ? Standing::left_behind
             : Standing::ended;
}

bool needs_marks(const Lease& lease, const Here& here, Sighting sighting) {
  return judge(lease, here, sighting, std::nullopt) !=
         judge(lease, here, sighting, 1);
}

}  // namespace fitrun
