#include "launch/recording.h"

#include <time.h>

#include <climits>
#include <cstdlib>

#include "measure/history.h"
#include "measure/observer.h"

namespace fitrun {

std::string stage_id(const std::string& file) {
  if (file.empty()) return "";
  char* const path = ::realpath(file.c_str(), nullptr);
  if (!path) return file;
  std::string id = path;
  std::free(path);
  return id;
}

const PoolPlan& ram_of(const Plan& plan) {
  for (const PoolPlan& pool : plan.pools)
    if (pool.needs.pool == Pool::ram) return pool;
  return plan.pools.front();
}

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
              const Caller& caller) {
  record.time = utc_time(::time(nullptr));
  record.peak = outcome.peak.bytes;
  record.certainty = outcome.peak.certainty;
  record.method = outcome.peak.method;
  record.seconds = static_cast<double>(outcome.end.elapsed.count()) / 1e6;
  record.wait_status = outcome.end.wait_status;
  record.oom_kills = outcome.peak.oom_kills;
  if (const std::string excess = excess_line(record); !excess.empty())
    caller.say(LogLevel::warning, log_tag(plan.label) + excess);
  const auto written = append_run(runs_path(caller.environment), record);
  if (!written) {
    caller.say(LogLevel::info,
               log_tag(plan.label) +
                   "the run is not recorded: " + written.error().message);
  }
}

Fd observe(const Plan& plan, const Caller& caller) {
  const std::string path = runs_path(caller.environment);
  const std::string tag = log_tag(plan.label);
  if (path.empty()) {
    caller.say(LogLevel::warning,
               tag +
                   "--watch: neither XDG_STATE_HOME nor HOME says where to "
                   "record the run");
    return {};
  }
  auto started = start_observer(path, record_of(plan, plan.launch), tag);
  if (started) return std::move(*started);
  caller.say(LogLevel::warning,
             tag + "--watch: not watched: " + started.error().message);
  return {};
}

}  // namespace fitrun
