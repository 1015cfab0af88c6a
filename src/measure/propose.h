// From what was learned to the numbers that a descriptor should declare. Pure.
//
// People split a cost into terms, and the terms mean something to them. A cost
// of sizes alone keeps their proportions; where a file is among them, what the
// sizes do not explain is the file's, as its parse factor.

#pragma once

#include <string>
#include <vector>

#include "measure/measure.h"
#include "stage/cost.h"
#include "stage/edit.h"
#include "stage/stage.h"

namespace fitrun {

struct Proposal {
  std::vector<NumberEdit> edits;
  std::vector<std::string> notes;  // sentences for people
};

// The terms of one cost of `pool` so that their sum is `bytes`. `sum` is
// sum_cost(cost) at the time of the runs. An empty cost is a new one.
Proposal propose_cost(Pool pool, EditedKey key, const Cost& cost,
                      const CostSum& sum, double bytes);

// All of a pool: both costs, and the headroom where it was learned.
Proposal propose(const PoolNeeds& needs, const CostSum& fixed,
                 const CostSum& per_worker, const Learned& learned);

// The same from runs over inputs of different sizes. `where` is the cost that
// the file is a term of.
Proposal propose_factor(const PoolNeeds& needs, FactorIn where,
                        const FactorFit& fit);

}  // namespace fitrun
