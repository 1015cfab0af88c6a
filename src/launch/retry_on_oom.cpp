#include "launch/retry_on_oom.h"

#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "launch/child.h"
#include "launch/holding.h"
#include "launch/recording.h"
#include "measure/command_tree.h"
#include "measure/measure.h"
#include "measure/retry.h"
#include "measure/runs_file.h"
#include "os/host.h"
#include "run/exec.h"
#include "run/supervise.h"

namespace fitrun {
namespace {

using std::chrono::ceil;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::string killed_line(const RunOutcome& outcome, const std::string& with,
                        const std::string& next) {
  std::string text = "the kernel killed for lack of memory with " + with +
                     " (" + outcome.peak.oom_where + ")";
  if (!next.empty()) text += ": again with " + next;
  return text;
}

CountBounds known_bounds(const Plan& plan, const std::vector<RunRecord>& past) {
  return bounds_of(past, *ram_of(plan).binding.available);
}

std::optional<HeldRun> start_holding(std::optional<HoldOrders> orders,
                                     const std::string& tag,
                                     const Caller& caller) {
  if (!orders) return std::nullopt;
  auto started = HeldRun::start(std::move(*orders));
  if (started) return std::move(*started);
  caller.say(LogLevel::warning,
             tag + "no job is held: " + started.error().message);
  return std::nullopt;
}

// One launch after the other, of one plan.
class Attempts {
 public:
  Attempts(const Plan& plan, const Target& target, const Learning& known,
           const Caller& caller)
      : plan_(plan),
        target_(target),
        own_(own_record(known, target)),
        caller_(caller) {}

  RunOutcome with(std::uint64_t workers) const {
    return run(launch_with(plan_, target_, workers, "").value(), false, {});
  }

  RunOutcome held(HeldRun hold) const {
    CommandTree tree{Host()};
    bool first = true;
    const auto look = [&](pid_t pid, std::optional<std::uint64_t> kills) {
      if (std::exchange(first, false)) hold.follow(pid);
      const auto before = Clock::now();
      tree.look(pid, false);
      hold.look(tree.processes(), tree.view(), kills, before);
      return ceil<milliseconds>(
          HeldRun::pause(duration_cast<microseconds>(Clock::now() - before)));
    };
    Launch launch = plan_.launch;
    // Of the command only its parent's pid is known before it starts.
    launch.changes.set.emplace_back(kHolderVariable,
                                    std::to_string(::getpid()));
    RunOutcome outcome = run(launch, true, look);
    hold.end(own_kills(outcome));
    return outcome;
  }

 private:
  RunOutcome run(const Launch& launch, bool held,
                 const LookBeside& look) const {
    RunOutcome outcome = run_measured(child_of(launch, plan_.lease), Host(),
                                      caller_.environment, {}, {}, look)
                             .value();
    if (outcome.end.exec_error != 0)
      throw cannot_start(launch.command[0], outcome.end.exec_error);
    RunRecord record = record_of(plan_, own_, launch);
    record.held = held;
    remember(plan_, std::move(record), outcome, caller_);
    return outcome;
  }

  const Plan& plan_;
  const Target& target_;
  const RunRecord own_;
  const Caller& caller_;
};

}  // namespace

std::optional<WorkerCap> remembered_cap(const Plan& plan,
                                        const std::vector<RunRecord>& past,
                                        const Environment& environment) {
  const auto known = cap_of_kills(past, *ram_of(plan).binding.available);
  if (!known || plan.threads <= known->workers) return std::nullopt;
  WorkerCap cap;
  cap.name = kHistoryCap;
  cap.where = state_place(environment).runs();
  cap.limit = known->killed;
  cap.workers = known->workers;
  return cap;
}

bool stays_as_parent(const Plan& plan, const LaunchOptions& options) {
  if (options.retries > 0 && !plan.copies.empty()) {
    throw Failure(
        "--retry-on-oom: the stage runs a copy on each GPU (spread = \"pin\"), "
        "which cannot be tried again together; leave it out");
  }
  return options.retries > 0;
}

void run_as_parent(const Plan& plan, const Target& target,
                   std::uint64_t retries, const Learning& known,
                   const OrderHold& order_hold, const Caller& caller) {
  const Attempts attempts(plan, target, known, caller);
  const std::string tag = log_tag(plan.label);
  CountBounds bounds = known_bounds(plan, known.alike);
  std::uint64_t workers = plan.threads;
  for (;; --retries) {
    auto hold = start_holding(order_hold(), tag, caller);
    const bool held = hold.has_value();
    const RunOutcome outcome =
        held ? attempts.held(std::move(*hold)) : attempts.with(workers);
    if (!killed_for_memory(outcome)) end_as(outcome.end.wait_status);
    const std::string had = held ? fmt::format("up to {} jobs", plan.hold.width)
                                 : counted(workers, "worker");
    std::string next;
    if (held) {
      next = "the peaks just learned";
    } else if (const auto fewer = retry_count(workers, bounds)) {
      workers = *fewer;
      next = std::to_string(workers);
    }
    if (retries == 0) next.clear();
    caller.say(LogLevel::warning, tag + killed_line(outcome, had, next));
    if (next.empty()) end_as(outcome.end.wait_status);
  }
}

}  // namespace fitrun
