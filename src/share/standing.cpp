#include "share/standing.h"

namespace fitrun {
namespace {

bool ramps_up(const Lease& lease, const Here& here) {
  const std::uint64_t age = here.now > lease.taken ? here.now - lease.taken : 0;
  return age <
         static_cast<std::uint64_t>(std::chrono::nanoseconds(kRampUp).count());
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
               std::size_t marked) {
  if (lease.holder.boot != here.self.boot) return Standing::ended;
  if (same_namespace(lease, here)) {
    if (sighting == Sighting::stopped) return Standing::stopped;
    if (sighting != Sighting::gone) return Standing::running;
  }
  // A launch that waits has started nothing that could go on without it.
  if (lease.kind == LeaseKind::waiting && same_namespace(lease, here))
    return Standing::ended;
  if (!same_namespace(lease, here) && marked > 0) return Standing::running;
  if (!ramps_up(lease, here)) return Standing::ended;
  if (marked > 0) return Standing::left_behind;
  return same_namespace(lease, here) ? Standing::ended : Standing::unseen;
}

bool needs_marks(const Lease& lease, const Here& here, Sighting sighting) {
  return judge(lease, here, sighting, 0) != judge(lease, here, sighting, 1);
}

}  // namespace fitrun
