#include "launch/recording.h"

#include <time.h>

#include <climits>
#include <cstdlib>

#include "measure/history.h"
#include "measure/keeper.h"
#include "measure/retry.h"
#include "measure/runs_file.h"

namespace fitrun {
namespace {

// One that was declared as it still is.
void warn_of_excess(const RunRecord& last, const RunRecord& now,
                    const Caller& caller) {
  if (last.fixed != now.fixed || last.per_worker != now.per_worker) return;
  const std::string excess = excess_line(last, "the last run");
  if (!excess.empty())
    caller.say(LogLevel::warning, log_tag(now.label) + excess);
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
  record.oom_kills = own_kills(outcome);
  const std::string excess = excess_line(record, "the run");
  if (!excess.empty())
    caller.say(LogLevel::warning, log_tag(plan.label) + excess);
  const auto written = append_run(state_place(caller.environment), record);
  if (!written) {
    caller.say(LogLevel::info,
               log_tag(plan.label) +
                   "the run is not recorded: " + written.error().message);
  }
}

std::vector<RunRecord> past_runs(const Stage& stage,
                                 const LaunchOptions& options,
                                 const Caller& caller) {
  if (stage.file.empty() || (options.retries == 0 && !options.watch)) return {};
  auto history = read_history(state_place(caller.environment),
                              {.stage = stage_id(stage.file)});
  const auto note = [&](const std::string& text) {
    caller.say(LogLevel::info, log_tag(stage.label.value) + text);
  };
  // With retries the first record that cannot be written says the same.
  if (!history && options.retries == 0) note(history.error().message);
  if (!history) return {};
  for (const std::string& text : history->notes) note(text);
  return std::move((*history).runs);
}

Fd keep(const Plan& plan, const std::vector<RunRecord>& past,
        const Caller& caller) {
  const RunRecord record = record_of(plan, plan.launch);
  if (!past.empty()) warn_of_excess(past.back(), record, caller);
  const StatePlace place = state_place(caller.environment);
  const auto not_watched = [&](const std::string& why) {
    caller.say(LogLevel::warning, log_tag(plan.label) + "--watch: " + why);
    return Fd();
  };
  if (place.folder.empty()) return not_watched(kNoStatePlace);
  auto started = start_keeper(place, record);
  if (started) return std::move(*started);
  return not_watched("not watched: " + started.error().message);
}

}  // namespace fitrun
