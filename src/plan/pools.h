// The decision for one pool: RAM, or the GPUs that the command will use.
//
// The surprise: a GPU that takes its memory from the RAM is no pool of its own.
// Its costs are added to those of RAM, so that no byte is counted on twice.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fit/fit.h"
#include "fit/spread.h"
#include "gpu/gpu.h"
#include "probe/constraint.h"
#include "stage/cost.h"
#include "stage/stage.h"

namespace fitrun {

// One pool of the stage: what it needs, and what the machine says of it.
struct PoolInput {
  PoolNeeds needs;
  CostSum fixed;
  CostSum per_worker;
  PoolReading reading;
  // The GPUs to use, as the command numbers them; their readings count then,
  // and `reading` is empty. None for RAM and where the user said what is free.
  std::vector<Gpu> gpus;
};

// What leases have of the constraint, for the arithmetic.
LeaseTerms lease_terms(const Constraint& constraint);

// One GPU, decided.
struct GpuPlan {
  Gpu gpu;
  Constraint binding;
  GpuShare share;
};

// One pool, decided. With GPUs `reading`, `binding` and the budget are those of
// the one that sets the number.
struct PoolPlan {
  PoolNeeds needs;
  CostSum fixed;
  CostSum per_worker;
  PoolReading reading;
  Constraint binding;  // the one of `reading` that decides
  Fit fit;
  // What it would be without the leases; empty where there are none.
  std::optional<Fit> fit_alone;
  std::vector<GpuPlan> gpus;
  std::size_t deciding = 0;  // index in `gpus`
  // Where leaving the deciding GPU out would give more workers: how many.
  std::optional<std::uint64_t> threads_without_deciding;
};

// What is doubtful about the files that the costs name; the first few.
std::vector<std::string> cost_warnings(const CostSum& fixed,
                                       const CostSum& per_worker);

// What a pool can give: the constraint with the smallest budget, among equals
// the one with the least available. An error, with the way out, where no source
// knows.
Result<Constraint> decide_binding(const PoolReading& reading, double headroom);

Result<PoolPlan> plan_pool(PoolInput input, std::uint64_t want);

// The same pool with `threads` workers in all: how many go on each GPU.
void share_out(PoolPlan& pool, std::uint64_t threads);

// Adds the costs of GPUs that use the RAM to the RAM pool.
std::vector<PoolInput> join_unified(std::vector<PoolInput> pools);

// "ram", "vram", or "vram:GPU-..." where a GPU is known by name.
std::string limit_name(const PoolPlan& pool);

}  // namespace fitrun
