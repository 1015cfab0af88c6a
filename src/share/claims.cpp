#include "share/claims.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/saturate.h"

namespace fitrun {
namespace {

// Leases inside leases; deeper ones are a lie.
constexpr int kDeepest = 100;

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

bool is_own(const LiveLease& live, const Viewer& viewer) {
  return live.owner == viewer.user && live.lease.id == viewer.id;
}

bool encloses(const LiveLease& live, const Viewer& viewer) {
  return live.owner == viewer.user && contains(viewer.enclosing, live.lease.id);
}

// The leases as a forest: which are inside which.
struct Forest {
  std::vector<std::size_t> roots;
  std::vector<std::vector<std::size_t>> inner;  // by index
};

Forest forest_of(const std::vector<LiveLease>& live) {
  const bool nested = std::any_of(live.begin(), live.end(), [](auto& one) {
    return !one.lease.within.empty();
  });
  std::map<std::pair<uid_t, std::string_view>, std::size_t> index;
  for (std::size_t i = 0; nested && i < live.size(); ++i)
    index[{live[i].owner, live[i].lease.id}] = i;
  Forest forest;
  forest.inner.resize(live.size());
  for (std::size_t i = 0; i < live.size(); ++i) {
    const auto outer = index.find({live[i].owner, live[i].lease.within});
    // Leases that contain each other are a lie, and hang on no root.
    if (outer != index.end() && outer->second != i)
      forest.inner[outer->second].push_back(i);
    else
      forest.roots.push_back(i);
  }
  return forest;
}

struct Question {
  const SharedLimit& limit;
  const std::vector<LiveLease>& live;
  const Viewer& viewer;
  const std::vector<DeviceUse>& uses;
  const Forest& forest;
};

// What the lease claims of the limit by itself.
std::uint64_t own_claim(const Question& q, std::size_t i) {
  const LiveLease& live = q.live[i];
  if (is_own(live, q.viewer)) return 0;
  if (live.lease.kind == LeaseKind::waiting && !waits_ahead(live, q.viewer))
    return 0;
  if (!q.limit.level.empty() && !contains(live.lease.levels, q.limit.level))
    return 0;
  std::uint64_t bytes = 0;
  for (const Holding& holding : live.lease.holdings)
    if (holding.pool == q.limit.pool && holding.device == q.limit.device)
      bytes = add(bytes, outstanding(live, holding, q.uses));
  return bytes;
}

// What the lease and those inside it claim, and who of them it is put down to.
std::uint64_t claim(const Question& q, std::size_t i, int depth,
                    std::vector<Subtraction>& subtracted) {
  std::vector<Subtraction> inner;
  std::uint64_t inside = 0;
  if (depth < kDeepest)
    for (const std::size_t k : q.forest.inner[i])
      inside = add(inside, claim(q, k, depth + 1, inner));
  const std::uint64_t own = encloses(q.live[i], q.viewer) ? 0 : own_claim(q, i);
  if (own > inside) {
    subtracted.push_back({i, own});
    return own;
  }
  subtracted.insert(subtracted.end(), inner.begin(), inner.end());
  return inside;
}

}  // namespace

LeasedGpus leased_gpus(const std::vector<LiveLease>& live) {
  LeasedGpus leased;
  for (const LiveLease& one : live) {
    bool holds = false;
    if (one.lease.kind == LeaseKind::waiting) continue;
    for (const Holding& holding : one.lease.holdings) {
      if (holding.pool != Pool::vram) continue;
      holds = true;
      if (!contains(leased.devices, holding.device))
        leased.devices.push_back(holding.device);
    }
    if (holds)
      leased.pids.insert(leased.pids.end(), one.pids.begin(), one.pids.end());
  }
  return leased;
}

std::uint64_t used_of(const LiveLease& live, const Holding& holding,
                      const std::vector<DeviceUse>& uses) {
  if (live.lease.kind == LeaseKind::waiting) return 0;
  if (holding.pool == Pool::ram) return live.used;
  std::uint64_t used = 0;
  for (const DeviceUse& use : uses)
    if (use.device == holding.device &&
        std::find(live.pids.begin(), live.pids.end(), use.pid) !=
            live.pids.end())
      used = add(used, use.bytes);
  return used;
}

std::uint64_t outstanding(const LiveLease& live, const Holding& holding,
                          const std::vector<DeviceUse>& uses) {
  const std::uint64_t used = used_of(live, holding, uses);
  return holding.bytes > used ? holding.bytes - used : 0;
}

bool waits_ahead(const LiveLease& live, const Viewer& viewer) {
  if (live.lease.kind != LeaseKind::waiting || is_own(live, viewer) ||
      live.state == LeaseState::stopped)
    return false;
  if (viewer.queued == 0) return true;
  if (live.lease.taken != viewer.queued)
    return live.lease.taken < viewer.queued;
  return live.lease.id < viewer.id;
}

std::vector<std::string> enclosing_leases(const std::vector<LiveLease>& live,
                                          const std::string& mark, uid_t user) {
  std::vector<std::string> found;
  std::string id = mark;
  while (!id.empty() && !contains(found, id)) {
    const auto outer =
        std::find_if(live.begin(), live.end(), [&](const LiveLease& one) {
          return one.lease.id == id && one.owner == user;
        });
    if (outer == live.end()) break;
    found.push_back(id);
    id = outer->lease.within;
  }
  return found;
}

std::vector<Remainder> subtract_claims(const std::vector<SharedLimit>& limits,
                                       const std::vector<LiveLease>& live,
                                       const Viewer& viewer,
                                       const std::vector<DeviceUse>& uses) {
  const Forest forest = forest_of(live);
  std::vector<Remainder> answers;
  for (const SharedLimit& limit : limits) {
    Remainder left;
    const Question question{limit, live, viewer, uses, forest};
    std::uint64_t claimed = 0;
    for (const std::size_t root : forest.roots)
      claimed = add(claimed, claim(question, root, 0, left.subtracted));
    left.available = subtract(limit.available, claimed);
    answers.push_back(std::move(left));
  }
  return answers;
}

}  // namespace fitrun
