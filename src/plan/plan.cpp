#include "plan/plan.h"

#include <algorithm>

#include "plan/gpu_environment.h"
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

Launch launch_of(const Plan& plan, const Target& target, std::uint64_t threads,
                 const std::string& input = {}) {
  const PoolPlan& first = plan.pools.front();
  const Placeholders values{threads,
                            whole_bytes(first.fixed.bytes),
                            whole_bytes(first.per_worker.bytes),
                            whole_bytes(first.fit.budget),
                            *first.binding.available,
                            input};
  Launch launch;
  launch.threads = threads;
  for (const std::string& word : target.command)
    launch.command.push_back(target.as_is ? word : fill_in(word, values));
  launch.changes.set.emplace_back("FITRUN_THREADS", std::to_string(threads));
  if (!input.empty()) launch.changes.set.emplace_back("FITRUN_INPUT", input);
  for (const Injection& injection : target.stage.inject) {
    launch.changes.set.emplace_back(injection.name,
                                    fill_in(injection.text, values));
  }
  return launch;
}

// A shell script may take the count from its environment.
bool is_told(const Target& target, const std::vector<std::string>& after) {
  const std::vector<std::string>& before = target.command;
  return !target.stage.inject.empty() || before != after ||
         std::any_of(before.begin(), before.end(), [](const std::string& word) {
           return word.find("FITRUN_THREADS") != std::string::npos;
         });
}

// A list of devices is the command's, too.
Result<void> show_listed(Launch& launch, const PoolPlan& pool) {
  if (pool.needs.devices.choice != DeviceChoice::listed) return {};
  std::vector<Gpu> gpus;
  for (const GpuPlan& gpu : pool.gpus) gpus.push_back(gpu.gpu);
  auto shown = show_gpus(gpus);
  if (!shown) return shown.error();
  launch.changes.add(std::move(*shown));
  return {};
}

// What is run, with the counts and the GPUs put in. An error where a GPU cannot
// be shown to a command.
Result<void> add_launches(Plan& plan, const Target& target) {
  Launch whole = launch_of(plan, target, plan.threads);
  plan.count_used = is_told(target, whole.command);
  for (const PoolPlan& pool : plan.pools) {
    if (pool.gpus.empty()) continue;
    if (pool.needs.spread.value == Spread::pin) {
      for (const GpuPlan& gpu : pool.gpus) {
        if (gpu.share.threads == 0) continue;
        auto shown = show_gpu(gpu.gpu, plan.copies.size());
        if (!shown) return shown.error();
        plan.copies.push_back(launch_of(plan, target, gpu.share.threads));
        plan.copies.back().changes.add(std::move(*shown));
      }
    } else if (const auto shown = show_listed(whole, pool); !shown) {
      return shown.error();
    }
  }
  plan.launch = std::move(whole);
  return {};
}

}  // namespace

Result<Plan> make_plan(const Target& target, PlanInput input) {
  Plan plan;
  plan.label = target.stage.label.value;
  plan.stage = target.stage.file;
  plan.as_is = target.as_is;
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
  if (const auto added = add_launches(plan, target); !added)
    return added.error();
  return plan;
}

Result<Launch> launch_with(const Plan& plan, const Target& target,
                           std::uint64_t threads, const std::string& input) {
  Launch launch = launch_of(plan, target, threads, input);
  for (const PoolPlan& pool : plan.pools) {
    if (pool.gpus.empty()) continue;
    if (pool.needs.spread.value == Spread::pin) {
      auto shown = show_gpu(pool.gpus.front().gpu, 0);
      if (!shown) return shown.error();
      launch.changes.add(std::move(*shown));
    } else if (const auto shown = show_listed(launch, pool); !shown) {
      return shown.error();
    }
  }
  return launch;
}

}  // namespace fitrun
