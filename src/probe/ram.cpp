#include "probe/ram.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "probe/cgroup_memory.h"
#include "probe/host_memory.h"
#include "probe/limits.h"
#include "probe/numa.h"
#include "probe/slurm.h"

namespace fitrun::probe {
namespace {

// Why no cgroup is looked at, for the user; empty where one is.
std::string why_no_cgroup(Self& self) {
  const auto& cgroups = self.cgroups();
  if (!cgroups) {
    if (cgroups.error().code == ENOENT)
      return "no /proc/self/cgroup: this kernel has no cgroups, or /proc is "
             "not ours";
    return cgroups.error().message + ": limits of cgroups are unknown";
  }
  const CgroupChain& chain = self.chain("memory");
  if (chain.version == CgroupVersion::none)
    return "/proc/self/cgroup names no cgroup that could limit memory";
  return chain.gap;
}

bool has_cgroup_limit(const PoolReading& reading) {
  return std::any_of(
      reading.constraints.begin(), reading.constraints.end(),
      [](const Constraint& c) { return !c.file.empty() && c.available; });
}

// No answer is above what the machine has, whatever a limit would allow. The
// machine is the first to be asked.
void hold_to_machine(PoolReading& reading) {
  const Constraint* const bound = binding(reading);
  const Constraint& host = reading.constraints.front();
  if (!bound || !host.limit || *bound->available <= *host.limit) return;
  Constraint c;
  c.name = "host.mem_total";
  c.where = host.where;
  c.limit = host.limit;
  c.available = host.limit;
  c.exact = false;
  reading.constraints.push_back(std::move(c));
}

}  // namespace

PoolReading ram(Self& self) {
  PoolReading reading;
  reading.pool = Pool::ram;
  host_memory(self, reading);
  if (auto numa = numa_memory(self))
    reading.constraints.push_back(std::move(*numa));
  if (std::string why = why_no_cgroup(self); !why.empty())
    reading.diagnostics.push_back(std::move(why));
  const CgroupChain& chain = self.chain("memory");
  cgroup_memory(self.host(), chain, reading);
  if (!has_cgroup_limit(reading))
    if (auto promise = slurm_promise(self.environment()))
      reading.constraints.push_back(std::move(*promise));
  hold_to_machine(reading);
  warn_of_group_kill(self.host(), chain, reading);
  reading.per_process_cap = smallest_cap(self.limits());
  return reading;
}

PoolReading ram(const Host& host, const Environment& environment) {
  Self self(host, environment);
  return ram(self);
}

}  // namespace fitrun::probe
