#include "plan/holding.h"

#include <algorithm>

#include "base/text.h"
#include "plan/inject.h"

namespace fitrun {
namespace {

// Whether the tool is started by nobody in between, who might keep our pipes or
// MAKEFLAGS from it; and where its count is, if anywhere, is known.
bool takes_tokens(const Target& target) {
  if (!target.tool || target.as_is || jobserver_around(target)) return false;
  const std::vector<std::string>& command = target.command;
  const auto line = read_tool_line(*target.tool, command);
  return line && line->named.front() == 0 && line->unreadable.empty() &&
         std::none_of(command.begin(), command.end(), places_count);
}

Jobserver jobserver_for(const Target& target) {
  if (!target.jobserver || !takes_tokens(target)) return Jobserver::none;
  if (target.tool->jobserver) return Jobserver::pipes;
  return target.tool->fifo_jobserver.empty() ? Jobserver::none
                                             : Jobserver::fifo;
}

}  // namespace

double hold_headroom(const Target& target, const PoolNeeds& needs) {
  const bool is_said =
      needs.headroom.origin != "default" && !target.headroom_is_learned;
  return is_said ? needs.headroom.value : kHoldHeadroom;
}

std::string HoldPlan::known() const {
  if (kinds.seen == 0) return "none known yet";
  const std::string all = counted(kinds.seen, "kind") + " known";
  return kinds.known < kinds.seen ? std::to_string(kinds.known) + " of " + all
                                  : all;
}

HoldPlan plan_holding(const Target& target, const PoolPlan& ram,
                      std::uint64_t want, std::uint64_t count) {
  HoldPlan plan;
  const Hold choice = target.stage.hold.value;
  if (choice == Hold::off || target.stage.pools.size() != 1 ||
      ram.needs.pool != Pool::ram || !ram.gpus.empty())
    return plan;
  const JobKind jobs = target.tool ? target.tool->jobs : JobKind::processes;
  if (jobs == JobKind::threads) return plan;
  plan.width = want;
  plan.at_birth_only = jobs == JobKind::workers;
  const double bound =
      target.job_bound.value_or(static_cast<double>(ram.per_worker.bytes));
  if (bound > 0) plan.bound = whole_bytes(bound);
  const double headroom = hold_headroom(target, ram.needs);
  const auto binding = decide_binding(ram.reading, headroom);
  const Constraint& decides = binding ? *binding : ram.binding;
  const double budget = compute_budget(
      static_cast<double>(*decides.available), lease_terms(decides), headroom,
      static_cast<double>(ram.needs.reserve.value.count));
  plan.cap = whole_bytes(budget);
  const bool by_default =
      target.tool && jobs == JobKind::processes && plan.bound &&
      (count < want || static_cast<double>(want) * bound > budget);
  plan.outside = target.held_outside && want > 1;
  if (plan.outside) return plan;
  plan.active = plan.cap > 0 && want > 1 && (choice == Hold::on || by_default);
  if (plan.active) plan.jobserver = jobserver_for(target);
  return plan;
}

}  // namespace fitrun
