#include "launch/measure_stage.h"

#include "launch/decide.h"
#include "launch/measure_outcome.h"
#include "launch/measure_targets.h"
#include "launch/measure_wishes.h"
#include "launch/sharing.h"
#include "launch/target.h"
#include "run/exec.h"
#include "run/supervise.h"
#include "share/ledger.h"

namespace fitrun {
namespace {

// Decides with what is known so far, and sets that much aside.
Plan first_plan(const Target& target, const Host& host, Ledger& ledger,
                const Caller& caller) {
  const FolderLock lock = ledger.lock();
  const LedgerReading seen = ledger.read(lock);
  Plan plan = decide(target, host, seen, caller);
  plan.lease = ledger.take(lock, lease_request(plan, plan.threads), seen);
  return plan;
}

// After a run that ended the measurement before its time.
[[noreturn]] void end_early(const Measurement& measurement,
                            const std::string& command, const Caller& caller) {
  if (!measurement.last) throw Failure("measure: " + measurement.stopped);
  const RunOutcome& last = *measurement.last;
  if (last.end.exec_error != 0)
    throw cannot_start(command, last.end.exec_error);
  caller.say(LogLevel::warning, "fitrun: measure: " + measurement.stopped);
  if (last.end.wait_status == 0) end_as(last.asked_to_end);
  end_as(last.end.wait_status);
}

}  // namespace

void measure_stage(const LaunchOptions& options, const MeasureOptions& measured,
                   const Host& host, const MeasureView& view,
                   const Caller& caller) {
  const Target target =
      load_target(options, caller.environment, CostRule::optional);
  require_command(target);
  const std::vector<std::string>& command = target.command;
  std::vector<Input> inputs = inputs_of(measured);
  MeasureTargets targets =
      open_targets(measured, target.stage, options.stage, caller.environment);

  Ledger ledger(host, caller.environment);
  const Plan plan = first_plan(target, host, ledger, caller);
  const std::string tag = log_tag(plan.label);
  const std::string& untold = plan.arrival.missing;
  if (measured.write && !untold.empty())
    throw Failure("--write: nothing was run or written: " + untold);
  if (!untold.empty()) caller.say(LogLevel::warning, tag + untold);
  MeasureWishes wishes = wishes_of(measured, plan, std::move(inputs));
  wishes.progress = [&](const MeasureProgress& progress) {
    view.progress(tag, progress);
  };
  const MeasuredCommand measured_command(plan, target, measured,
                                         caller.environment);
  if (!measured.prepare.empty()) {
    wishes.prepare = [&](const RunRequest& request) {
      return measured_command.prepare(request);
    };
  }
  Measurement measurement =
      measure(wishes, [&](const RunRequest& request, const auto& seen) {
        return measured_command.run(request, seen);
      });
  view.runs_ended();
  ledger.leave();
  if (measurement.runs.empty() && !measurement.stopped.empty())
    end_early(measurement, command[0], caller);
  const MeasureReport report =
      make_report(plan, std::move(measurement)).value();
  view.report(report);
  view.outcome(
      conclude(report, command, std::move(targets), caller.environment));
  if (!report.measurement.stopped.empty())
    end_early(report.measurement, command[0], caller);
}

}  // namespace fitrun
