// The JSON of constraints and caps, the same in `fitrun plan` and `fitrun
// probe`.

#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "probe/constraint.h"

namespace fitrun {

// Unknown numbers are left out; a silent source has a "reason" instead.
nlohmann::ordered_json constraint_json(const Constraint& constraint);

nlohmann::ordered_json caps_json(const std::vector<WorkerCap>& caps);

// The text and a line end. Bytes that are not UTF-8, which paths may hold,
// become U+FFFD: JSON has no other way.
std::string dump_json(const nlohmann::ordered_json& json);

}  // namespace fitrun
