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

// Bytes that a lease uses, and those that it has set aside beyond them.
struct Tally {
  std::uint64_t used = 0;
  std::uint64_t outstanding = 0;
};

// What the lease has of the limit by itself.
Tally own_tally(const Question& q, std::size_t i) {
  const LiveLease& live = q.live[i];
  if (is_own(live, q.viewer)) return {};
  if (live.lease.kind == LeaseKind::waiting && !waits_ahead(live, q.viewer))
    return {};
  if (!q.limit.level.empty() && !contains(live.lease.levels, q.limit.level))
    return {};
  Tally tally;
  for (const Holding& holding : live.lease.holdings) {
    if (holding.pool != q.limit.pool || holding.device != q.limit.device)
      continue;
    tally.used = add(tally.used, used_of(live, holding, q.uses));
    tally.outstanding =
        add(tally.outstanding, outstanding(live, holding, q.uses));
  }
  if (encloses(live, q.viewer)) tally.outstanding = 0;
  return tally;
}

// What the lease and those inside it have together, and who of them it is put
// down to. Those inside are part of its tree, so that it uses what they use.
Tally claim(const Question& q, std::size_t i, int depth,
            std::vector<Claim>& claims) {
  std::vector<Claim> inner;
  Tally inside;
  if (depth < kDeepest) {
    for (const std::size_t k : q.forest.inner[i]) {
      const Tally one = claim(q, k, depth + 1, inner);
      inside.used = add(inside.used, one.used);
      inside.outstanding = add(inside.outstanding, one.outstanding);
    }
  }
  const Tally own = own_tally(q, i);
  const Tally all{std::max(own.used, inside.used),
                  std::max(own.outstanding, inside.outstanding)};
  const auto put_down = [&](std::uint64_t used, std::uint64_t beyond) {
    if (used > 0 || beyond > 0) claims.push_back({i, add(used, beyond), used});
  };
  if (own.outstanding > inside.outstanding) {
    put_down(all.used, own.outstanding);
  } else {
    put_down(all.used - inside.used, 0);
    claims.insert(claims.end(), inner.begin(), inner.end());
  }
  return all;
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

std::vector<std::vector<Claim>> claims_on(
    const std::vector<SharedLimit>& limits, const std::vector<LiveLease>& live,
    const Viewer& viewer, const std::vector<DeviceUse>& uses) {
  const Forest forest = forest_of(live);
  std::vector<std::vector<Claim>> answers;
  for (const SharedLimit& limit : limits) {
    std::vector<Claim> claims;
    for (const std::size_t root : forest.roots)
      claim({limit, live, viewer, uses, forest}, root, 0, claims);
    answers.push_back(std::move(claims));
  }
  return answers;
}

}  // namespace fitrun
