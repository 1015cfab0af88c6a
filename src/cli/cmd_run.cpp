#include <poll.h>

#include <algorithm>
#include <chrono>

#include "cli/commands.h"
#include "cli/decide.h"
#include "cli/log.h"
#include "run/exec.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

LogLevel least_level(Verbosity verbosity) {
  switch (verbosity) {
    case Verbosity::quiet:
      return LogLevel::warning;
    case Verbosity::verbose:
      return LogLevel::detail;
    case Verbosity::normal:
      break;
  }
  return LogLevel::info;
}

// Asks again, ever less often, until a worker fits or the time is up.
Plan wait_for_fit(Plan plan, const Stage& stage, const Options& options,
                  const Environment& environment) {
  constexpr milliseconds kLongest{5000};
  const auto start = Clock::now();
  milliseconds pause{100};
  log_line(LogLevel::warning, log_tag(plan.label) +
                                  "not even one worker fits now: waiting" +
                                  (options.wait_timeout ? "" : " without end"));
  while (plan.swapping) {
    if (options.wait_timeout) {
      const auto left =
          *options.wait_timeout -
          std::chrono::duration_cast<milliseconds>(Clock::now() - start);
      if (left <= milliseconds(0)) return plan;
      pause = std::min(pause, left);
    }
    ::poll(nullptr, 0, static_cast<int>(pause.count()));
    pause = std::min(pause * 2, kLongest);
    plan = decide(stage, options, environment);
  }
  return plan;
}

}  // namespace

ExitStatus run_stage(const Options& options, const Environment& environment) {
  const Stage stage = load_stage(options, environment);
  if (options.command.empty() && stage.command.empty()) {
    throw Failure("no command to run: give one after --" +
                  (stage.file.empty()
                       ? std::string()
                       : ", or command = [...] in " + stage.file));
  }
  Plan plan = decide(stage, options, environment);
  const OnNoFit on_no_fit = stage.on_no_fit.value;
  if (plan.swapping && on_no_fit == OnNoFit::wait)
    plan = wait_for_fit(std::move(plan), stage, options, environment);
  if (plan.swapping && on_no_fit != OnNoFit::run_one) {
    throw Failure(no_fit_reason(plan, stage.on_no_fit), ExitStatus::no_fit);
  }
  log_all(log_lines(plan, least_level(options.verbosity)));
  become(plan.command, plan.environment);
}

}  // namespace fitrun
