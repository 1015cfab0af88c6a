#include "plan/pools.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace fitrun {
namespace {

double available(const Constraint& c) {
  return static_cast<double>(*c.available);
}

double budget(const Constraint& c, double headroom) {
  return compute_budget(available(c), lease_terms(c), headroom, 0);
}

bool has_leases(const PoolReading& reading) {
  return std::ranges::any_of(reading.constraints, [](const Constraint& c) {
    return !c.leased.empty();
  });
}

// What would be available if the commands that hold leases were gone; somebody
// has spoken.
double available_alone(const PoolReading& reading) {
  double least = std::numeric_limits<double>::infinity();
  for (const Constraint& c : reading.constraints) {
    if (c.available)
      least = std::min(least, available(c) + lease_terms(c).used);
  }
  return least;
}

SpreadInput spread_input(const PoolPlan& pool, std::uint64_t want) {
  SpreadInput input;
  for (const GpuPlan& gpu : pool.gpus) {
    input.available.push_back(available(gpu.binding));
    input.leases.push_back(lease_terms(gpu.binding));
  }
  input.headroom = pool.needs.headroom.value;
  input.reserve = static_cast<double>(pool.needs.reserve.value.count);
  input.fixed = pool.fixed.bytes;
  input.per_worker = pool.per_worker.bytes;
  input.want = want;
  input.spread = pool.needs.spread.value;
  return input;
}

Fit fit_of(const SpreadFit& fit, std::size_t gpu) {
  return {fit.threads, fit.reduced, fit.swapping, fit.gpus[gpu].budget};
}

std::optional<Fit> gpus_alone(const PoolPlan& pool, SpreadInput input) {
  if (std::ranges::none_of(pool.gpus, [](const GpuPlan& gpu) {
        return has_leases(gpu.gpu.reading);
      }))
    return std::nullopt;
  input.leases.clear();
  for (std::size_t i = 0; i < pool.gpus.size(); ++i)
    input.available[i] = available_alone(pool.gpus[i].gpu.reading);
  return fit_of(compute_spread(input), pool.deciding);
}

Result<PoolPlan> plan_gpus(PoolPlan pool, std::vector<Gpu> gpus,
                           std::uint64_t want) {
  for (Gpu& gpu : gpus) {
    auto decided = decide_binding(gpu.reading, pool.needs.headroom.value);
    if (!decided) return decided.error();
    pool.gpus.push_back({std::move(gpu), std::move(*decided), {}});
  }
  SpreadInput input = spread_input(pool, want);
  const SpreadFit fit = compute_spread(input);
  pool.deciding = fit.limiting.value_or(0);
  const GpuPlan& deciding = pool.gpus[pool.deciding];
  pool.reading = deciding.gpu.reading;
  pool.binding = deciding.binding;
  pool.fit = fit_of(fit, pool.deciding);
  pool.fit_alone = gpus_alone(pool, std::move(input));
  pool.threads_without_deciding = fit.threads_without_limiting;
  for (std::size_t i = 0; i < pool.gpus.size(); ++i)
    pool.gpus[i].share = fit.gpus[i];
  return pool;
}

void add_cost(CostSum& sum, const CostSum& more) {
  sum.bytes += more.bytes;
  sum.items.insert(sum.items.end(), more.items.begin(), more.items.end());
}

bool uses_ram(const PoolInput& pool) {
  return std::any_of(pool.gpus.begin(), pool.gpus.end(), [](const Gpu& gpu) {
    return gpu.memory == GpuMemory::shared;
  });
}

}  // namespace

std::vector<std::string> cost_warnings(const CostSum& fixed,
                                       const CostSum& per_worker) {
  std::vector<std::string> warnings;
  for (const CostSum* const sum : {&fixed, &per_worker}) {
    for (const CostItem& item : sum->items) {
      // Of very many the first ones say it all.
      constexpr std::size_t kMost = 3;
      if (!item.warning.empty() && warnings.size() < kMost)
        warnings.push_back(item.warning);
    }
  }
  return warnings;
}

LeaseTerms lease_terms(const Constraint& constraint) {
  LeaseTerms terms;
  terms.used = static_cast<double>(constraint.used_by_leases);
  for (const LeaseShare& share : constraint.leased)
    terms.claimed += static_cast<double>(share.bytes);
  return terms;
}

Result<Constraint> decide_binding(const PoolReading& reading, double headroom) {
  const Constraint* tightest = nullptr;
  for (const Constraint& c : reading.constraints) {
    if (!c.available) continue;
    if (!tightest ||
        std::pair(budget(c, headroom), *c.available) <
            std::pair(budget(*tightest, headroom), *tightest->available))
      tightest = &c;
  }
  if (tightest) return *tightest;
  std::string reasons;
  for (const Constraint& c : reading.constraints) {
    if (!reasons.empty()) reasons += "; ";
    reasons += c.name + ": " + c.reason;
  }
  const std::string_view key = key_of(reading.pool);
  return Error{fmt::format(
      "cannot measure the free {} ({}); give it with --available {}=SIZE, or a "
      "command that prints it with probe in [{}]",
      name_of(reading.pool), reasons.empty() ? "no source" : reasons, key,
      key)};
}

Result<PoolPlan> plan_pool(PoolInput input, std::uint64_t want) {
  PoolPlan pool;
  pool.needs = std::move(input.needs);
  pool.fixed = std::move(input.fixed);
  pool.per_worker = std::move(input.per_worker);
  if (!input.gpus.empty())
    return plan_gpus(std::move(pool), std::move(input.gpus), want);

  auto decided = decide_binding(input.reading, pool.needs.headroom.value);
  if (!decided) return decided.error();
  pool.reading = std::move(input.reading);
  pool.binding = std::move(*decided);
  FitInput fit{available(pool.binding),
               pool.needs.headroom.value,
               static_cast<double>(pool.needs.reserve.value.count),
               pool.fixed.bytes,
               pool.per_worker.bytes,
               want,
               lease_terms(pool.binding)};
  pool.fit = compute_fit(fit);
  if (!has_leases(pool.reading)) return pool;
  fit.available = available_alone(pool.reading);
  fit.leases = {};
  pool.fit_alone = compute_fit(fit);
  return pool;
}

void share_out(PoolPlan& pool, std::uint64_t threads) {
  if (pool.gpus.empty()) return;
  const SpreadFit fit = compute_spread(spread_input(pool, threads));
  for (std::size_t i = 0; i < pool.gpus.size(); ++i)
    pool.gpus[i].share.threads = fit.gpus[i].threads;
}

std::vector<PoolInput> join_unified(std::vector<PoolInput> pools) {
  const auto vram =
      std::find_if(pools.begin(), pools.end(),
                   [](const PoolInput& pool) { return uses_ram(pool); });
  if (vram == pools.end()) return pools;
  PoolInput shared = std::move(*vram);
  pools.erase(vram);
  shared.reading = shared.gpus.front().reading;
  shared.reading.pool = Pool::ram;
  shared.reading.diagnostics.push_back(
      shared.gpus.front().name +
      " takes its memory from the RAM: the costs in both are added up");
  shared.gpus.clear();
  shared.needs.pool = Pool::ram;
  if (!pools.empty()) {
    PoolInput ram = std::move(pools.front());
    add_cost(ram.fixed, shared.fixed);
    add_cost(ram.per_worker, shared.per_worker);
    ram.needs.reserve.value.count += shared.needs.reserve.value.count;
    if (shared.needs.headroom.value < ram.needs.headroom.value)
      ram.needs.headroom = shared.needs.headroom;
    // What the user said of the RAM holds; else the GPU's reading has the RAM's
    // and what limits the GPU beside it.
    if (!ram.needs.available && ram.needs.probe.empty())
      ram.reading = std::move(shared.reading);
    shared = std::move(ram);
  }
  return {std::move(shared)};
}

std::string limit_name(const PoolPlan& pool) {
  std::string name(key_of(pool.needs.pool));
  if (pool.gpus.empty()) return name;
  return name + ":" + identity(pool.gpus[pool.deciding].gpu);
}

}  // namespace fitrun
