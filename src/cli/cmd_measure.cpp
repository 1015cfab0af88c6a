#include <fcntl.h>

#include <cerrno>

#include "cli/commands.h"
#include "cli/decide.h"
#include "cli/leasing.h"
#include "cli/live_line.h"
#include "cli/log.h"
#include "cli/measured.h"
#include "cli/measuring.h"
#include "measure/progress.h"
#include "os/file.h"
#include "os/host.h"
#include "run/exec.h"
#include "run/supervise.h"
#include "share/ledger.h"

namespace fitrun {
namespace {

// Decides with what is known so far, and sets that much aside.
Plan first_plan(const Stage& stage, const Options& options,
                const Environment& environment, Ledger& ledger) {
  const FolderLock lock = ledger.lock();
  const LedgerReading seen = ledger.read(lock);
  Plan plan = decide(stage, options, environment, seen.live, seen.viewer);
  plan.lease = ledger.take(lock, lease_request(plan, plan.threads), seen);
  return plan;
}

// After a run that ended the measurement before its time.
[[noreturn]] void end_early(const Measurement& measurement,
                            const std::string& command) {
  if (!measurement.last) throw Failure("measure: " + measurement.stopped);
  const RunOutcome& last = *measurement.last;
  if (last.end.exec_error != 0)
    throw cannot_start(command, last.end.exec_error);
  log_line(LogLevel::warning, "measure: " + measurement.stopped);
  if (last.end.wait_status == 0) end_as(last.asked_to_end);
  end_as(last.end.wait_status);
}

}  // namespace

ExitStatus measure_stage(const Options& options,
                         const Environment& environment) {
  const Stage stage = load_stage(options, environment);
  const std::vector<std::string>& command = command_of(stage, options);
  check_targets(options, stage);
  std::vector<Input> inputs = inputs_of(options);
  const std::string before =
      stage.file.empty() ? ""
                         : read_file(stage.file, kLargestDescriptor).value();
  const Fd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nowhere) throw Failure(path_error("/dev/null", errno));

  const Host host;
  Ledger ledger(host, environment);
  const Plan plan = first_plan(stage, options, environment, ledger);
  if (const std::string untold = untold_line(plan); !untold.empty())
    log_line(LogLevel::warning, log_tag(plan.label) + untold);
  MeasureWishes wishes = wishes_of(options, plan, std::move(inputs));
  LiveLine line;
  wishes.progress = [&](const MeasureProgress& progress) {
    if (options.verbosity == Verbosity::quiet) return;
    const std::string tag = log_tag(plan.label);
    if (!progress.outcome) return line.show(tag + live_line(progress));
    line.clear();
    log_line(LogLevel::info, tag + done_line(progress));
  };
  Measurement measurement =
      measure(wishes, runner(plan, stage, options, environment, nowhere.get()));
  line.clear();
  ledger.leave();
  if (measurement.runs.empty() && !measurement.stopped.empty())
    end_early(measurement, command[0]);
  const MeasureReport report =
      make_report(plan, std::move(measurement)).value();
  show(report, options);
  conclude(report, options, command, before, environment);
  if (!report.measurement.stopped.empty())
    end_early(report.measurement, command[0]);
  return ExitStatus::ok;
}

}  // namespace fitrun
