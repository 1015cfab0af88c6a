#include "launch/measure_wishes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "gpu/vram.h"
#include "launch/child.h"
#include "os/file.h"
#include "os/host.h"
#include "probe/self.h"
#include "run/supervise.h"

namespace fitrun {
namespace {

CountLimits limits_of(const Plan& plan, const PoolPlan& pool) {
  CountLimits limits;
  limits.most = plan.want.value;
  if (const WorkerCap* const cap = binding(plan.caps))
    limits.most =
        std::max<std::uint64_t>(1, std::min(limits.most, cap->workers));
  // What others have set aside and not used yet is theirs.
  const LeaseTerms leases = lease_terms(pool.binding);
  limits.available =
      std::max(0.0, static_cast<double>(*pool.binding.available) + leases.used -
                        leases.claimed);
  if (!pool.needs.fixed.empty() || !pool.needs.per_worker.empty())
    limits.declared = Costs{pool.fixed.bytes, pool.per_worker.bytes};
  return limits;
}

bool needs_gpus(const Plan& plan) {
  return std::any_of(plan.pools.begin(), plan.pools.end(),
                     [](const PoolPlan& pool) { return !pool.gpus.empty(); });
}

}  // namespace

std::vector<Input> inputs_of(const MeasureOptions& options) {
  std::vector<Input> inputs;
  for (const std::string& path : options.inputs) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0)
      throw Failure("--input: " + path_error(path, errno).message);
    if (!S_ISREG(about.st_mode))
      throw Failure("--input: " + path + ": not a regular file");
    inputs.push_back({path, static_cast<double>(about.st_size)});
  }
  return inputs;
}

MeasureWishes wishes_of(const MeasureOptions& options, const Plan& plan,
                        std::vector<Input> inputs) {
  MeasureWishes wishes;
  wishes.counts = options.counts;
  wishes.repeat = options.repeat;
  wishes.inputs = std::move(inputs);
  wishes.limits.most = plan.want.value;
  wishes.limits.available = HUGE_VAL;
  for (const PoolPlan& pool : plan.pools) {
    if (pool.needs.pool == Pool::ram)
      wishes.limits = limits_of(plan, pool);
    else
      wishes.vram_limits = limits_of(plan, pool);
  }
  return wishes;
}

MeasuredCommand::MeasuredCommand(const Plan& plan, const Target& target,
                                 const MeasureOptions& options,
                                 const Environment& environment)
    : plan_(plan),
      target_(target),
      options_(options),
      environment_(environment),
      nowhere_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {
  if (!nowhere_) throw Failure(path_error("/dev/null", errno));
}

Result<ChildSpec> MeasuredCommand::child(const RunRequest& request) const {
  const std::string input = request.input ? request.input->path : "";
  auto launch = launch_with(plan_, target_, request.workers, input);
  if (!launch) return launch.error();
  ChildSpec spec = child_of(*launch, plan_.lease);
  spec.input = nowhere_.get();
  spec.output = options_.show_output ? STDERR_FILENO : nowhere_.get();
  return spec;
}

Result<RunOutcome> MeasuredCommand::run(
    const RunRequest& request,
    const std::function<void(std::uint64_t)>& seen) const {
  auto spec = child(request);
  if (!spec) return spec.error();
  MeterWishes meter;
  meter.at_most = request.at_most;
  if (options_.sample) meter.choice = MeterChoice::sampling;
  const Host host;
  probe::Self self(host, environment_);
  if (needs_gpus(plan_)) {
    meter.vram = [&self](const std::vector<pid_t>& pids) {
      return probe::vram_held(self, pids);
    };
  }
  return run_measured(std::move(*spec), host, environment_, meter, seen);
}

Result<RunOutcome> MeasuredCommand::prepare(const RunRequest& request) const {
  auto spec = child(request);
  if (!spec) return spec.error();
  (*spec).argv = {"sh", "-c", options_.prepare};
  auto run = supervise({std::move(*spec)});
  if (!run) return run.error();
  RunOutcome outcome;
  outcome.end = run->ends.front();
  outcome.asked_to_end = run->asked_to_end;
  return outcome;
}

}  // namespace fitrun
