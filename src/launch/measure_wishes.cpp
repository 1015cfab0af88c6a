#include "launch/measure_wishes.h"

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

namespace fitrun {
namespace {

CountLimits limits_of(const Plan& plan, const PoolPlan& pool) {
  CountLimits limits;
  limits.most = plan.want.value;
  if (const WorkerCap* const cap = binding(plan.caps))
    limits.most =
        std::max<std::uint64_t>(1, std::min(limits.most, cap->workers));
  limits.available = static_cast<double>(*pool.binding.available);
  if (!pool.needs.fixed.empty() || !pool.needs.per_worker.empty())
    limits.declared = Costs{pool.fixed.bytes, pool.per_worker.bytes};
  return limits;
}

bool needs_gpus(const Plan& plan) {
  return std::any_of(plan.pools.begin(), plan.pools.end(),
                     [](const PoolPlan& pool) { return !pool.gpus.empty(); });
}

}  // namespace

void check_targets(const MeasureOptions& options, const Stage& stage) {
  if (options.write && stage.file.empty()) {
    throw Failure(
        "--write: there is no descriptor to write to; give a STAGE, or leave "
        "it out and save what is printed");
  }
  if (options.write && ::access(stage.file.c_str(), W_OK) != 0)
    throw Failure(Error{"--write: " + path_error(stage.file, errno).message});
  const std::string& plot = options.plot;
  if (plot.empty()) return;
  const std::size_t slash = plot.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : plot.substr(0, slash + 1);
  if (::access(folder.c_str(), W_OK) != 0)
    throw Failure("--plot: " + path_error(folder, errno).message);
}

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

RunOnce runner(const Plan& plan, const Stage& stage,
               const std::vector<std::string>& command,
               const MeasureOptions& options, const Environment& environment,
               int nowhere) {
  return [&, nowhere](const RunRequest& request,
                      const std::function<void(std::uint64_t)>& seen)
             -> Result<RunOutcome> {
    const std::string input = request.input ? request.input->path : "";
    auto launch = launch_with(plan, stage, command, request.workers, input);
    if (!launch) return launch.error();
    ChildSpec spec = child_of(*launch, plan.lease);
    spec.input = nowhere;
    spec.output = options.show_output ? STDERR_FILENO : nowhere;
    MeterWishes meter;
    meter.at_most = request.at_most;
    if (options.sample) meter.choice = MeterChoice::sampling;
    const Host host;
    probe::Self self(host, environment);
    if (needs_gpus(plan)) {
      meter.vram = [&self](const std::vector<pid_t>& pids) {
        return probe::vram_held(self, pids);
      };
    }
    return run_measured(std::move(spec), host, environment, meter, seen);
  };
}

}  // namespace fitrun
