#include "launch/retry_on_oom.h"

#include <unistd.h>

#include <string>

#include "launch/child.h"
#include "launch/recording.h"
#include "measure/measure.h"
#include "measure/retry.h"
#include "measure/runs.h"
#include "measure/wording.h"
#include "os/host.h"
#include "run/exec.h"
#include "run/supervise.h"

namespace fitrun {
namespace {

// A kill that was counted in a group of the run's own is the run's; of one that
// was counted elsewhere only a run that failed can have been the victim.
bool killed_for_memory(const RunOutcome& outcome) {
  if (outcome.asked_to_end != 0) return false;
  if (outcome.peak.oom_kills.value_or(0) == 0) return false;
  return outcome.peak.kills_are_its_own || outcome.end.wait_status != 0;
}

std::string killed_line(const RunOutcome& outcome, std::uint64_t workers,
                        std::optional<std::uint64_t> next) {
  std::string text = "the kernel killed for lack of memory with " +
                     counted(workers, "worker") + " (" +
                     outcome.peak.oom_where + ")";
  if (next) text += ": again with " + std::to_string(*next);
  return text;
}

// None without a history or a stage that it could know.
CountBounds known_bounds(const Plan& plan, const Environment& environment) {
  const std::string path = runs_path(environment);
  if (path.empty() || plan.stage.empty()) return {};
  const auto runs = read_runs(path, stage_id(plan.stage));
  if (!runs) return {};
  return bounds_of(*runs, *ram_of(plan).binding.available);
}

}  // namespace

std::optional<WorkerCap> remembered_cap(const Plan& plan,
                                        const Environment& environment) {
  const CountBounds bounds = known_bounds(plan, environment);
  const std::uint64_t start = start_count(plan.threads, bounds);
  if (start == plan.threads) return std::nullopt;
  WorkerCap cap;
  cap.name = kHistoryCap;
  cap.where = runs_path(environment);
  cap.limit = bounds.fails;
  cap.workers = start;
  return cap;
}

bool stays_as_parent(const Plan& plan, const LaunchOptions& options) {
  if (options.retries > 0 && !plan.copies.empty()) {
    throw Failure(
        "--retry-on-oom: the stage runs a copy on each GPU (spread = \"pin\"), "
        "which cannot be tried again together; leave it out");
  }
  return options.retries > 0 ||
         (options.watch && ::getpid() == 1 && plan.copies.empty());
}

void run_as_parent(const Plan& plan, const Stage& stage,
                   const std::vector<std::string>& command,
                   std::uint64_t retries, const Caller& caller) {
  const Host host;
  const Environment& environment = caller.environment;
  CountBounds bounds = known_bounds(plan, environment);
  std::uint64_t workers = plan.threads;
  while (true) {
    const Launch launch =
        launch_with(plan, stage, command, workers, "").value();
    const RunOutcome outcome =
        run_measured(child_of(launch, plan.lease), host, environment, {}, {})
            .value();
    if (outcome.end.exec_error != 0)
      throw cannot_start(launch.command[0], outcome.end.exec_error);
    remember(plan, record_of(plan, launch), outcome, caller);
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
