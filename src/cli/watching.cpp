#include "cli/watching.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "cli/leasing.h"
#include "cli/log.h"
#include "measure/history.h"
#include "measure/measure.h"
#include "measure/observer.h"
#include "measure/retry.h"
#include "measure/runs.h"
#include "measure/wording.h"
#include "os/host.h"
#include "run/exec.h"
#include "run/supervise.h"

namespace fitrun {
namespace {

// The pool that the kernel kills for.
const PoolPlan& ram_of(const Plan& plan) {
  for (const PoolPlan& pool : plan.pools)
    if (pool.needs.pool == Pool::ram) return pool;
  return plan.pools.front();
}

// Before the run; its end is still to be filled in.
RunRecord record_of(const Plan& plan, const Launch& launch) {
  const PoolPlan& pool = ram_of(plan);
  RunRecord record;
  record.stage = stage_id(plan.stage);
  record.label = plan.label;
  record.command = launch.command;
  record.workers = launch.threads;
  record.available = *pool.binding.available;
  if (pool.needs.pool == Pool::ram) {
    record.fixed = pool.fixed.bytes;
    record.per_worker = pool.per_worker.bytes;
  }
  return record;
}

void remember(const Plan& plan, RunRecord record, const RunOutcome& outcome,
              const Environment& environment) {
  record.time = utc_time(::time(nullptr));
  record.peak = outcome.peak.bytes;
  record.certainty = outcome.peak.certainty;
  record.method = outcome.peak.method;
  record.seconds = static_cast<double>(outcome.end.elapsed.count()) / 1e6;
  record.wait_status = outcome.end.wait_status;
  record.oom_kills = outcome.peak.oom_kills;
  if (const std::string excess = excess_line(record); !excess.empty())
    log_line(LogLevel::warning, log_tag(plan.label) + excess);
  const auto written = append_run(runs_path(environment), record);
  if (!written) {
    log_line(LogLevel::info, log_tag(plan.label) + "the run is not recorded: " +
                                 written.error().message);
  }
}

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

std::string stage_id(const std::string& file) {
  if (file.empty()) return "";
  char* const path = ::realpath(file.c_str(), nullptr);
  if (!path) return file;
  std::string id = path;
  std::free(path);
  return id;
}

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

bool stays_as_parent(const Plan& plan, const Options& options) {
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
                   std::uint64_t retries, const Environment& environment) {
  const Host host;
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
    remember(plan, record_of(plan, launch), outcome, environment);
    if (!killed_for_memory(outcome)) end_as(outcome.end.wait_status);
    const auto next = retry_count(workers, bounds);
    const bool again = retries > 0 && next;
    log_line(LogLevel::warning,
             log_tag(plan.label) +
                 killed_line(outcome, workers,
                             again ? next : std::optional<std::uint64_t>()));
    if (!again) end_as(outcome.end.wait_status);
    --retries;
    workers = *next;
  }
}

Fd observe(const Plan& plan, const Environment& environment) {
  Launch launch;
  launch.threads = plan.threads;
  launch.command = plan.command;
  const std::string path = runs_path(environment);
  const std::string tag = log_tag(plan.label);
  if (path.empty()) {
    log_line(LogLevel::warning,
             tag +
                 "--watch: neither XDG_STATE_HOME nor HOME says where to "
                 "record the run");
    return {};
  }
  auto started = start_observer(path, record_of(plan, launch), tag);
  if (started) return std::move(*started);
  log_line(LogLevel::warning,
           tag + "--watch: not watched: " + started.error().message);
  return {};
}

}  // namespace fitrun
