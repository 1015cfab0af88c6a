#include "launch/run_stage.h"

#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include "launch/child.h"
#include "launch/decide.h"
#include "launch/holding.h"
#include "launch/jobserver.h"
#include "launch/learning.h"
#include "launch/recording.h"
#include "launch/retry_on_oom.h"
#include "launch/sharing.h"
#include "launch/target.h"
#include "measure/keeper.h"
#include "run/exec.h"
#include "run/pinned.h"
#include "run/supervise.h"
#include "share/ledger.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point end_of_wait(const LaunchOptions& options) {
  if (!options.wait_timeout) return Clock::time_point::max();
  return Clock::now() + *options.wait_timeout;
}

// Decides and takes the lease, under the ledger's lock; where nothing fits and
// the stage says so, waits in the queue first.
Plan decide_and_lease(const Target& target, const LaunchOptions& options,
                      const std::vector<RunRecord>& past, const Host& host,
                      Ledger& ledger, const Caller& caller) {
  const OnNoFit on_no_fit = target.stage.on_no_fit.value;
  const auto end = end_of_wait(options);
  bool told = false;
  while (true) {
    FolderLock lock = ledger.lock();
    const LedgerReading seen = ledger.read(lock);
    Plan plan = decide(target, host, seen, caller, past);
    if (!plan.swapping || on_no_fit == OnNoFit::run_one) {
      plan.lease = ledger.take(lock, lease_request(plan, plan.threads), seen);
      lock.unlock();
      continue_left_behind(ledger, seen, host, caller);
      return plan;
    }
    if (on_no_fit == OnNoFit::fail || Clock::now() >= end) {
      lock.unlock();
      ledger.leave();
      throw Failure(no_fit_reason(plan, target.stage.on_no_fit),
                    ExitStatus::no_fit);
    }
    const LeaseRequest place = place_request(plan);
    ledger.queue(lock, place, seen);
    lock.unlock();
    if (!told) {
      caller.say(LogLevel::warning, waiting_line(plan, options.wait_timeout));
      told = true;
    }
    ledger.wait_for_change(seen, place.holdings, end);
  }
}

// A copy of the command for each GPU; ends as the first of them that failed.
[[noreturn]] void run_copies(const Plan& plan) {
  std::vector<ChildSpec> copies;
  for (const Launch& launch : plan.copies)
    copies.push_back(child_of(launch, plan.lease));
  end_as(run_pinned(copies).value());
}

// The command gets the count that is safe though nobody holds its jobs.
void give_up_holding(Plan& plan, const Target& target) {
  plan.hold.active = false;
  plan.launch = launch_with(plan, target, plan.threads, "").value();
}

void tell(const Plan& plan, const Ledger& ledger, const Caller& caller) {
  for (const LogLine& line : log_lines(plan, caller.least))
    caller.say(line.level, line.text);
  for (const std::string& note : ledger.notes())
    caller.say(LogLevel::info, log_tag(plan.label) + note);
}

}  // namespace

void run_stage(const LaunchOptions& options, const Host& host,
               const Caller& caller) {
  Target target = load_target(options, caller.environment);
  require_command(target);
  Ledger ledger(host, caller.environment);
  const Learning known = learn(target, options, caller);
  const std::vector<RunRecord>& past = known.alike;
  target.held_outside = is_held_outside(host, caller);
  Plan plan = decide_and_lease(target, options, past, host, ledger, caller);
  settle_jobserver(plan, target, caller);
  const auto order_hold = [&] {
    return hold_orders(plan, target, known, host, ledger, caller);
  };
  std::optional<HoldOrders> hold = order_hold();
  if (hold)
    plan.hold.kinds = kinds_of_jobs(hold->known, past);
  else if (plan.hold.active)
    give_up_holding(plan, target);
  tell(plan, ledger, caller);
  Fd keeper;
  std::optional<TokenEnds> tokens;
  try {
    if (stays_as_parent(plan, options)) {
      const auto next_hold = [&] {
        return hold ? std::exchange(hold, std::nullopt) : order_hold();
      };
      run_as_parent(plan, target, options.retries, known, next_hold, caller);
    }
    if (hold) tokens = jobserver_ends(plan, hold->tokens, caller);
    if (known.recorded || hold) {
      keeper =
          keep(plan, target, known, options.watch, std::move(hold), caller);
    }
    if (plan.hold.active && !keeper) give_up_holding(plan, target);
    if (!plan.copies.empty()) {
      keeper.reset();  // this process is what is watched
      run_copies(plan);
    }
    if (plan.hold.active && tokens && tokens->bequeath())
      plan.launch = under_jobserver(plan.launch, target, tokens->makeflags());
    ChildSpec self = child_of(plan.launch, plan.lease);
    if (plan.hold.active)
      self.changes.set.emplace_back(kHolderVariable,
                                    std::to_string(::getpid()));
    become(self.argv, self.changes);
  } catch (const Failure&) {
    call_off(keeper);
    ledger.leave();
    throw;
  }
}

}  // namespace fitrun
