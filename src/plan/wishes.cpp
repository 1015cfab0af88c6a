#include "plan/wishes.h"

#include <algorithm>

namespace fitrun {
namespace {

PoolNeeds* find_pool(Stage& stage, Pool pool) {
  for (PoolNeeds& needs : stage.pools)
    if (needs.pool == pool) return &needs;
  return nullptr;
}

// The flag that some wish about one pool came from; empty where there is none.
std::string pool_wish(const Wishes& wishes) {
  if (!wishes.per_worker.empty()) return wishes.per_worker.front().origin;
  if (!wishes.fixed.empty()) return wishes.fixed.front().origin;
  if (wishes.headroom) return wishes.headroom->origin;
  if (wishes.reserve) return wishes.reserve->origin;
  return "";
}

// The pool that the wishes are about, added to the stage where it is missing.
Result<PoolNeeds*> wished_pool(Stage& stage, const Wishes& wishes) {
  const bool costs = !wishes.fixed.empty() || !wishes.per_worker.empty();
  if (!wishes.pool && stage.pools.size() > 1) {
    return Error{pool_wish(wishes) +
                 ": this stage has costs in RAM and in VRAM; say with --pool "
                 "which is meant"};
  }
  const Pool pool = wishes.pool          ? wishes.pool->value
                    : stage.pools.size() ? stage.pools.front().pool
                                         : Pool::ram;
  if (PoolNeeds* const found = find_pool(stage, pool)) return found;
  if (!costs) {
    const std::string key(key_of(pool));
    return Error{(wishes.pool ? wishes.pool->origin : pool_wish(wishes)) +
                 ": the stage has no cost in " + key +
                 "; give --per-worker or --fixed too"};
  }
  PoolNeeds needs;
  needs.pool = pool;
  stage.pools.push_back(needs);
  std::sort(
      stage.pools.begin(), stage.pools.end(),
      [](const PoolNeeds& a, const PoolNeeds& b) { return a.pool < b.pool; });
  return find_pool(stage, pool);
}

}  // namespace

Result<Stage> apply_wishes(Stage stage, const Wishes& wishes, CostRule rule) {
  if (wishes.want) stage.want = *wishes.want;
  if (wishes.label) stage.label = *wishes.label;
  if (wishes.on_no_fit) stage.on_no_fit = *wishes.on_no_fit;
  if (wishes.hold) stage.hold = *wishes.hold;
  if (wishes.pool || !pool_wish(wishes).empty()) {
    const auto found = wished_pool(stage, wishes);
    if (!found) return found.error();
    PoolNeeds& needs = **found;
    if (!wishes.fixed.empty()) needs.fixed = wishes.fixed;
    if (!wishes.per_worker.empty()) needs.per_worker = wishes.per_worker;
    if (wishes.headroom) needs.headroom = *wishes.headroom;
    if (wishes.reserve) needs.reserve = *wishes.reserve;
  }
  if (stage.pools.empty() && rule == CostRule::optional)
    stage.pools.emplace_back();
  if (stage.pools.empty()) {
    return Error{
        "neither a command nor a cost: give a command (make -j16), a STAGE, "
        "or --per-worker SIZE (see --help)"};
  }
  // Unlike a cost, a figure for a pool that the stage does not use is harmless:
  // one orchestrator's setting serves many stages.
  for (const auto& [pool, bytes] : wishes.available)
    if (PoolNeeds* const needs = find_pool(stage, pool))
      needs->available = bytes;
  return stage;
}

}  // namespace fitrun
