#include "plan/plan.h"

#include <algorithm>

#include "plan/gpu_environment.h"
#include "plan/inject.h"
#include "plan/makeflags.h"
#include "plan/tool_line.h"

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

// A placeholder means that the user places the count: then the tool's own
// option is left as it stands.
std::vector<std::string> command_of(const Target& target,
                                    const Placeholders& values) {
  std::vector<std::string> command = target.command;
  if (target.as_is) return command;
  if (target.tool && std::none_of(command.begin(), command.end(), places_count))
    command = with_count(*target.tool, command, values.threads,
                         inserted_words(target));
  for (std::string& word : command) word = fill_in(word, values);
  return command;
}

// Of MAKEFLAGS what is there already stays, unless the template places it.
std::string value_of(const Injection& injection, const Target& target,
                     const Placeholders& values) {
  std::string value =
      fill_in_variable(injection.text, values, target.inherited);
  const auto before = target.inherited.find("MAKEFLAGS");
  if (injection.name != "MAKEFLAGS" || before == target.inherited.end() ||
      injection.text.find("${MAKEFLAGS}") != std::string::npos)
    return value;
  return add_makeflags(before->second, value);
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
  launch.command = command_of(target, values);
  launch.changes.set.emplace_back("FITRUN_THREADS", std::to_string(threads));
  if (!input.empty()) launch.changes.set.emplace_back("FITRUN_INPUT", input);
  if (target.by_cargo)
    launch.changes.set.emplace_back("MAKEFLAGS",
                                    target.inherited.at("MAKEFLAGS"));
  for (const Injection& injection : target.stage.inject) {
    launch.changes.set.emplace_back(injection.name,
                                    value_of(injection, target, values));
  }
  return launch;
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
  const std::uint64_t count =
      plan.hold.keeps_width() ? plan.hold.width : plan.threads;
  Launch whole = launch_of(plan, target, count);
  plan.arrival = arrival_of(target, count);
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
  const std::uint64_t width = cap && cap->name != kHistoryCap
                                  ? std::min(plan.want.value, cap->workers)
                                  : plan.want.value;
  plan.hold = plan_holding(target, limit, width, plan.threads);
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

Launch under_jobserver(Launch launch, const Target& target,
                       const std::string& makeflags) {
  launch.command = without_count(*target.tool, launch.command);
  const auto caller = target.inherited.find("MAKEFLAGS");
  std::string before =
      caller == target.inherited.end() ? std::string() : caller->second;
  for (const auto& [name, value] : launch.changes.set)
    if (name == "MAKEFLAGS") before = value;
  launch.changes.set.emplace_back("MAKEFLAGS",
                                  add_makeflags(before, makeflags));
  return launch;
}

}  // namespace fitrun
