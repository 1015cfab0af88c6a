#include "launch/retry_on_oom.h"

#include <string>

#include "launch/child.h"
#include "launch/recording.h"
#include "measure/measure.h"
#include "measure/retry.h"
#include "measure/runs_file.h"
#include "measure/wording.h"
#include "os/host.h"
#include "run/exec.h"
#include "run/supervise.h"

namespace fitrun {
namespace {

std::string killed_line(const RunOutcome& outcome, std::uint64_t workers,
                        std::optional<std::uint64_t> next) {
  std::string text = "the kernel killed for lack of memory with " +
                     counted(workers, "worker") + " (" +
                     outcome.peak.oom_where + ")";
  if (next) text += ": again with " + std::to_string(*next);
  return text;
}

CountBounds known_bounds(const Plan& plan, const std::vector<RunRecord>& past) {
  return bounds_of(past, *ram_of(plan).binding.available);
}

}  // namespace

std::optional<WorkerCap> remembered_cap(const Plan& plan,
                                        const std::vector<RunRecord>& past,
                                        const Environment& environment) {
  const auto known = cap_of_kills(past, *ram_of(plan).binding.available);
  if (!known || plan.threads <= known->workers) return std::nullopt;
  WorkerCap cap;
  cap.name = kHistoryCap;
  cap.where = state_place(environment).runs();
  cap.limit = known->killed;
  cap.workers = known->workers;
  return cap;
}

bool stays_as_parent(const Plan& plan, const LaunchOptions& options) {
  if (options.retries > 0 && !plan.copies.empty()) {
    throw Failure(
        "--retry-on-oom: the stage runs a copy on each GPU (spread = \"pin\"), "
        "which cannot be tried again together; leave it out");
  }
  return options.retries > 0;
}

void run_as_parent(const Plan& plan, const Target& target,
                   std::uint64_t retries, const Learning& known,
                   const Caller& caller) {
  const Host host;
  const RunRecord own = known.own.value_or(RunRecord{});
  CountBounds bounds = known_bounds(plan, known.alike);
  std::uint64_t workers = plan.threads;
  while (true) {
    const Launch launch = launch_with(plan, target, workers, "").value();
    const RunOutcome outcome = run_measured(child_of(launch, plan.lease), host,
                                            caller.environment, {}, {})
                                   .value();
    if (outcome.end.exec_error != 0)
      throw cannot_start(launch.command[0], outcome.end.exec_error);
    remember(plan, record_of(plan, own, launch), outcome, caller);
    if (!killed_for_memory(outcome)) end_as(outcome.end.wait_status);
    const auto next = retry_count(workers, bounds);
    const bool again = retries > 0 && next;
    caller.say(LogLevel::warning,
               log_tag(plan.label) +
                   killed_line(outcome, workers,
                               again ? next : std::optional<std::uint64_t>()));
    if (!again) end_as(outcome.end.wait_status);
    --retries;
    workers = *next;
  }
}

}  // namespace fitrun
