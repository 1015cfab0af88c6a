#include "launch/decide.h"

#include <unistd.h>

#include "gpu/vram.h"
#include "launch/learning.h"
#include "launch/retry_on_oom.h"
#include "launch/sharing.h"
#include "os/host.h"
#include "probe/cpus.h"
#include "probe/custom.h"
#include "probe/pressure.h"
#include "probe/ram.h"
#include "probe/self.h"
#include "probe/worker_caps.h"
#include "stage/diagnostic.h"

namespace fitrun {
namespace {

// A custom probe stands beside its descriptor, wherever fitrun is started; one
// that is not there is taken from the current folder, as `command` is.
std::vector<std::string> probe_command(const Stage& stage,
                                       const PoolNeeds& needs) {
  std::vector<std::string> argv = needs.probe;
  const std::size_t slash = stage.file.rfind('/');
  if (slash == std::string::npos || argv[0].starts_with('/') ||
      argv[0].find('/') == std::string::npos)
    return argv;
  const std::string beside = stage.file.substr(0, slash + 1) + argv[0];
  if (::access(beside.c_str(), F_OK) == 0) argv[0] = beside;
  return argv;
}

PoolReading given(const PoolNeeds& needs) {
  PoolReading reading;
  reading.pool = needs.pool;
  Constraint c;
  c.name = "given";
  c.where = needs.available->origin;
  c.available = needs.available->value.count;
  reading.constraints.push_back(c);
  return reading;
}

PoolReading ask_probe(const Stage& stage, const PoolNeeds& needs) {
  auto answer = probe::custom(probe_command(stage, needs), needs.probe_timeout);
  if (!answer) {
    throw Failure(needs.probe_origin +
                  ": error: probe: " + answer.error().message);
  }
  PoolReading reading;
  reading.pool = needs.pool;
  reading.constraints.push_back(std::move(answer).value());
  return reading;
}

std::vector<Gpu> measure_gpus(const PoolNeeds& needs, const std::string& label,
                              const std::vector<std::string>& processes_of,
                              const Caller& caller, probe::Self& self) {
  VramOptions options;
  options.processes_of = processes_of;
  options.devices = needs.devices;
  if (needs.spread.value == Spread::pin)
    options.processes = VramOptions::Processes::one_per_gpu;
  options.on_slow = [&](const std::string& text) {
    caller.say(LogLevel::info, log_tag(label) + text);
  };
  auto asked = probe::vram(self, options);
  if (!asked) throw Failure("fitrun: " + asked.error().message + "\n");
  VramReading reading = std::move(asked).value();
  std::vector<Gpu> used;
  for (const std::size_t index : reading.used) {
    used.push_back(reading.gpus[index]);
    auto& told = used.back().reading.diagnostics;
    told.insert(told.end(), reading.notes.begin(), reading.notes.end());
  }
  return used;
}

// Asks the sources of one pool, and writes beside them what leases have.
void measure_pool(const Stage& stage, PoolInput& pool, probe::Self& self,
                  const LedgerReading& seen, const Caller& caller) {
  const std::vector<LiveLease>& live = seen.live;
  const Viewer& viewer = seen.viewer;
  const PoolNeeds& needs = pool.needs;
  std::vector<DeviceUse> uses;
  if (needs.available) {
    pool.reading = given(needs);
  } else if (!needs.probe.empty()) {
    pool.reading = ask_probe(stage, needs);
  } else if (needs.pool == Pool::ram) {
    pool.reading = probe::ram(self);
  } else {
    const LeasedGpus leased = leased_gpus(live);
    const std::vector<DrmUse> drm = probe::drm_uses(self.host(), leased.pids);
    pool.gpus =
        measure_gpus(needs, stage.label.value,
                     self.host().sees_all_pids() ? leased.devices
                                                 : decltype(leased.devices)(),
                     caller, self);
    uses = device_uses(pool.gpus, drm);
  }
  add_leases(pool.reading, "", live, viewer);
  for (Gpu& gpu : pool.gpus) {
    // A GPU that uses the RAM shares it with the leases of RAM.
    const bool shared = gpu.memory == GpuMemory::shared;
    gpu.reading.pool = shared ? Pool::ram : Pool::vram;
    add_leases(gpu.reading, shared ? "" : identity(gpu), live, viewer, uses);
  }
}

}  // namespace

Sourced<std::uint64_t> wanted_workers(const Target& target, probe::Self& self) {
  const auto& [asked, origin] = asked_workers(target);
  if (asked.per_cpu == 0) return {workers_of(asked, 1), origin};
  Sourced<std::uint64_t> cpus = probe::cpus(self);
  cpus.value = workers_of(asked, cpus.value);
  if (!origin.empty()) cpus.origin = origin + " of " + cpus.origin;
  return cpus;
}

Plan decide(const Target& target, const Host& host, const LedgerReading& seen,
            const Caller& caller, const std::vector<RunRecord>& past,
            pid_t member) {
  const Stage& stage = target.stage;
  PlanInput input;
  std::vector<std::string> errors;
  for (const PoolNeeds& needs : stage.pools) {
    PoolInput pool;
    pool.needs = needs;
    pool.fixed = sum_cost(needs.fixed, errors);
    pool.per_worker = sum_cost(needs.per_worker, errors);
    input.pools.push_back(std::move(pool));
  }
  if (!errors.empty()) throw Failure(render_messages(errors));
  probe::Self self(host, caller.environment, member);
  for (PoolInput& pool : input.pools)
    measure_pool(stage, pool, self, seen, caller);
  input.want = wanted_workers(target, self);
  input.caps = probe::worker_caps(self);
  input.pressure = probe::pressure(self);
  if (past.empty()) return make_plan(target, std::move(input)).value();
  Plan plan = make_plan(target, input).value();
  auto cap = remembered_cap(plan, past, caller.environment);
  if (!cap) cap = cap_of_one_count(plan, target, past, caller.environment);
  if (!cap) return plan;
  input.caps.push_back(std::move(*cap));
  return make_plan(target, std::move(input)).value();
}

}  // namespace fitrun
