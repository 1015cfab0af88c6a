#include "launch/recording.h"

#include <time.h>

#include <climits>
#include <cstdlib>

#include "launch/learning.h"
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

std::string stage_id(const Stage& stage) {
  if (stage.file.empty()) return "";
  char* const path = ::realpath(stage.file.c_str(), nullptr);
  std::string id = path ? path : stage.file;
  std::free(path);
  if (!stage.name.empty()) id += "#" + stage.name;
  return id;
}

const PoolPlan& ram_of(const Plan& plan) {
  for (const PoolPlan& pool : plan.pools)
    if (pool.needs.pool == Pool::ram) return pool;
  return plan.pools.front();
}

RunRecord record_of(const Plan& plan, const RunRecord& own,
                    const Launch& launch) {
  const PoolPlan& pool = ram_of(plan);
  RunRecord record = own;
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

Fd keep(const Plan& plan, const Target& target, const Learning& known,
        bool asked_for, std::optional<HoldOrders> hold, const Caller& caller) {
  const std::vector<RunRecord>& past = known.past;
  const RunRecord record =
      record_of(plan, own_record(known, target), plan.launch);
  if (asked_for && !past.empty()) warn_of_excess(past.back(), record, caller);
  const StatePlace place = state_place(caller.environment);
  const std::string tag = log_tag(plan.label);
  const auto unrecorded = [&](const std::string& why) {
    if (asked_for)
      caller.say(LogLevel::warning, tag + "--watch: not watched: " + why);
    else
      caller.say(LogLevel::info, tag + "the run is not recorded: " + why);
  };
  bool recorded = known.recorded;
  if (recorded) {
    // The keeper would find out where nobody hears it.
    const auto writable = check_appending(place);
    recorded = writable.has_value();
    if (!writable && !known.unreadable) unrecorded(writable.error().message);
  }
  const bool holds = hold.has_value();
  if (!recorded && !holds) return Fd();
  auto started = start_keeper(place, record, recorded, std::move(hold));
  if (started) return std::move(*started);
  if (holds && !asked_for)
    caller.say(LogLevel::warning,
               tag + "no job is held: " + started.error().message);
  else
    unrecorded(started.error().message);
  return Fd();
}

}  // namespace fitrun
