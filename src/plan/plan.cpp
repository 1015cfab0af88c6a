#include "plan/plan.h"

#include <algorithm>

#include "plan/inject.h"

namespace fitrun {
namespace {

// The pool that sets the number: the one with the fewest threads; among equals
// one where not even one worker fits, then the first.
const PoolPlan& tightest(const std::vector<PoolPlan>& pools) {
  return *std::min_element(pools.begin(), pools.end(),
                           [](const PoolPlan& a, const PoolPlan& b) {
                             if (a.fit.threads != b.fit.threads)
                               return a.fit.threads < b.fit.threads;
                             return a.fit.swapping && !b.fit.swapping;
                           });
}

void put_count_in(Plan& plan, const Stage& stage,
                  const std::vector<std::string>& command) {
  const PoolPlan& first = plan.pools.front();
  const Placeholders values{plan.threads, whole_bytes(first.fixed.bytes),
                            whole_bytes(first.per_worker.bytes),
                            whole_bytes(first.fit.budget),
                            *first.binding.available};
  for (const std::string& word : command) {
    plan.command.push_back(fill_in(word, values));
    // A shell script may take the count from its environment.
    plan.count_used |= plan.command.back() != word ||
                       word.find("FITRUN_THREADS") != std::string::npos;
  }
  plan.environment.emplace_back("FITRUN_THREADS", std::to_string(plan.threads));
  for (const Injection& injection : stage.inject) {
    plan.environment.emplace_back(injection.name,
                                  fill_in(injection.text, values));
    plan.count_used = true;
  }
}

}  // namespace

Result<Plan> make_plan(const Stage& stage, PlanInput input) {
  Plan plan;
  plan.label = stage.label.value;
  plan.stage = stage.file;
  plan.want = std::move(input.want);
  plan.want.value = std::max<std::uint64_t>(1, plan.want.value);
  plan.caps = std::move(input.caps);
  plan.pressure = std::move(input.pressure);
  for (PoolInput& pool_input : join_unified(std::move(input.pools))) {
    auto pool = plan_pool(std::move(pool_input), plan.want.value);
    if (!pool) return pool.error();
    plan.swapping |= pool->fit.swapping;
    plan.pools.push_back(std::move(*pool));
  }
  const PoolPlan& limit = tightest(plan.pools);
  plan.threads = limit.fit.threads;
  plan.limited_by = plan.threads < plan.want.value || plan.swapping
                        ? limit_name(limit)
                        : "want";
  const WorkerCap* const cap = binding(plan.caps);
  if (cap && cap->workers < plan.threads) {
    plan.threads = std::max<std::uint64_t>(1, cap->workers);
    if (!plan.swapping) plan.limited_by = cap->name;
  }
  plan.reduced = plan.threads < plan.want.value;
  for (PoolPlan& pool : plan.pools) share_out(pool, plan.threads);
  put_count_in(plan, stage, input.command);
  return plan;
}

}  // namespace fitrun
