#include <chrono>
#include <cstdlib>

#include "cli/commands.h"
#include "cli/decide.h"
#include "cli/leasing.h"
#include "cli/log.h"
#include "cli/watching.h"
#include "measure/observer.h"
#include "os/host.h"
#include "run/exec.h"
#include "run/pinned.h"
#include "run/supervise.h"
#include "share/ledger.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;

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

Clock::time_point end_of_wait(const Options& options) {
  if (!options.wait_timeout) return Clock::time_point::max();
  return Clock::now() + *options.wait_timeout;
}

// Decides and takes the lease, under the ledger's lock; where nothing fits and
// the stage says so, waits in the queue first.
Plan decide_and_lease(const Stage& stage, const Options& options,
                      const Environment& environment, Ledger& ledger) {
  const auto end = end_of_wait(options);
  bool told = false;
  while (true) {
    FolderLock lock = ledger.lock();
    const LedgerReading seen = ledger.read(lock);
    Plan plan = decide(stage, options, environment, seen.live, seen.viewer);
    if (!plan.swapping || stage.on_no_fit.value == OnNoFit::run_one) {
      plan.lease = ledger.take(lock, lease_request(plan, plan.threads), seen);
      return plan;
    }
    if (stage.on_no_fit.value == OnNoFit::fail || Clock::now() >= end) {
      lock.unlock();
      ledger.leave();
      throw Failure(no_fit_reason(plan, stage.on_no_fit), ExitStatus::no_fit);
    }
    const LeaseRequest place = place_request(plan);
    ledger.queue(lock, place, seen);
    lock.unlock();
    if (!told) {
      log_line(LogLevel::warning, waiting_line(plan, options.wait_timeout));
      told = true;
    }
    ledger.wait_for_change(seen, place.holdings, end);
  }
}

// A copy of the command for each GPU; ends as the first of them that failed.
ExitStatus run_copies(const Plan& plan) {
  PinnedCopies pinned;
  for (const Launch& launch : plan.copies) {
    pinned.copies.push_back(child_of(launch, plan.lease));
    pinned.unset.insert(pinned.unset.end(), launch.unset.begin(),
                        launch.unset.end());
  }
  end_as(run_pinned(pinned).value());
}

}  // namespace

ExitStatus run_stage(const Options& options, const Environment& environment) {
  const Stage stage = load_stage(options, environment);
  const std::vector<std::string>& command = command_of(stage, options);
  const Host host(options.root);
  Ledger ledger(host, environment);
  Plan plan = decide_and_lease(stage, options, environment, ledger);
  if (!plan.lease.empty())
    plan.environment.emplace_back(kLeaseVariable, plan.lease);
  const LogLevel least = least_level(options.verbosity);
  log_all(log_lines(plan, least));
  if (least < LogLevel::warning) {
    for (const std::string& note : ledger.notes())
      log_line(LogLevel::info, log_tag(plan.label) + note);
  }
  for (const std::string& name : plan.unset) ::unsetenv(name.c_str());
  Fd observer;
  try {
    if (stays_as_parent(plan, options))
      run_as_parent(plan, stage, command, options.retries, environment);
    if (options.watch) observer = observe(plan, environment);
    if (!plan.copies.empty()) {
      observer.reset();  // this process is what is watched
      return run_copies(plan);
    }
    become(plan.command, plan.environment);
  } catch (const Failure&) {
    call_off(observer);
    ledger.leave();
    throw;
  }
}

}  // namespace fitrun
