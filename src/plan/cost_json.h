// The JSON of a cost: each term with its origin, the same wherever costs are
// shown.

#pragma once

#include <nlohmann/json_fwd.hpp>

#include "stage/cost.h"

namespace fitrun {

nlohmann::ordered_json items_json(const CostSum& cost);

}  // namespace fitrun
