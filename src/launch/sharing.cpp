#include "launch/sharing.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "base/saturate.h"
#include "gpu/vram.h"

namespace fitrun {
namespace {

std::string holder_of(const LiveLease& live) {
  return (live.lease.label.empty() ? "a launch" : live.lease.label) + " (pid " +
         std::to_string(live.lease.holder.pid) + ")";
}

// Among whom the constraint's bytes are shared.
std::string limit_level(const Constraint& c) {
  return c.file.empty() ? c.level : level_id(c.where);
}

}  // namespace

void add_leases(PoolReading& reading, const std::string& device,
                const std::vector<LiveLease>& live, const Viewer& viewer,
                const std::vector<DeviceUse>& uses) {
  if (live.empty()) return;
  std::vector<SharedLimit> limits;
  std::vector<Constraint*> constraints;
  for (Constraint& c : reading.constraints) {
    if (!c.available || c.name == "given") continue;
    limits.push_back({reading.pool, device, limit_level(c)});
    constraints.push_back(&c);
  }
  const std::vector<std::vector<Claim>> claims =
      claims_on(limits, live, viewer, uses);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    Constraint& c = *constraints[i];
    for (const Claim& claim : claims[i]) {
      c.leased.push_back(
          {holder_of(live[claim.lease]), claim.bytes, claim.used});
      c.used_by_leases = add(c.used_by_leases, claim.used);
    }
    // What is used under another limit, or shared, is not missing here.
    if (c.limit)
      c.used_by_leases =
          std::min(c.used_by_leases, subtract(*c.limit, *c.available));
  }
}

std::vector<DeviceUse> device_uses(const std::vector<Gpu>& gpus,
                                   const std::vector<DrmUse>& drm) {
  std::vector<DeviceUse> uses;
  for (const Gpu& gpu : gpus) {
    if (gpu.processes)
      for (const GpuProcess& process : *gpu.processes)
        uses.push_back({identity(gpu), process.pid, process.bytes});
    for (const DrmUse& use : drm)
      if (!use.address.empty() && use.address == gpu.address)
        uses.push_back({identity(gpu), use.pid, use.bytes});
  }
  return uses;
}

std::vector<DeviceUse> ask_device_uses(probe::Self& self,
                                       const std::vector<LiveLease>& live) {
  const LeasedGpus leased = leased_gpus(live);
  if (leased.devices.empty()) return {};
  const std::vector<DrmUse> drm = probe::drm_uses(self.host(), leased.pids);
  VramOptions options;
  options.devices.choice = DeviceChoice::all;
  if (self.host().sees_all_pids()) options.processes_of = leased.devices;
  return device_uses(probe::survey_gpus(self, options).gpus, drm);
}

LeaseRequest lease_request(const Plan& plan, std::uint64_t threads) {
  LeaseRequest request;
  request.label = plan.label;
  request.threads = threads;
  for (const PoolPlan& pool : plan.pools) {
    const auto hold = [&](const std::string& device, std::uint64_t workers) {
      const auto count = static_cast<double>(workers);
      request.holdings.push_back(
          {pool.needs.pool, device,
           whole_bytes(pool.fixed.bytes + pool.per_worker.bytes * count)});
    };
    if (pool.gpus.empty()) hold("", threads);
    for (const GpuPlan& gpu : pool.gpus) {
      // A launch that waits asks for one worker, on the GPU that decides.
      const bool decides = &gpu == &pool.gpus[pool.deciding];
      const std::uint64_t workers = threads == plan.threads ? gpu.share.threads
                                    : decides               ? threads
                                                            : 0;
      if (workers > 0) hold(identity(gpu.gpu), workers);
    }
    for (const Constraint& c : pool.reading.constraints) {
      const std::string& level = c.file.empty() ? c.level : c.where;
      if (!level.empty()) request.levels.push_back(level);
    }
  }
  return request;
}

LeaseRequest place_request(const Plan& plan) {
  LeaseRequest request = lease_request(plan, 1);
  for (Holding& holding : request.holdings) {
    for (const PoolPlan& pool : plan.pools) {
      if (pool.needs.pool != holding.pool) continue;
      double needed = static_cast<double>(holding.bytes) +
                      static_cast<double>(pool.needs.reserve.value.count);
      if (pool.fit.swapping) {
        const Constraint& c = pool.binding;
        needed += (1 - pool.needs.headroom.value) *
                  (static_cast<double>(*c.available) + lease_terms(c).used);
      }
      holding.bytes = whole_bytes(std::ceil(needed));
    }
  }
  return request;
}

}  // namespace fitrun
