// Rows of numbers for people, each with what it is and where it is from: the
// same in `fitrun plan` and `fitrun request`.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stage/cost.h"

namespace fitrun {

// One row: the pool's name or nothing, a value, what it is, where it is from.
std::string row(std::string_view pool, const std::string& value,
                std::string_view what, const std::string& origin);

// A number of bytes that may not be known.
std::string bytes_or(std::optional<std::uint64_t> bytes,
                     std::string_view otherwise);

// A cost of one term is one row; of several, the sum and a row for each; of
// none, nothing.
std::string cost_rows(std::string_view what, const CostSum& cost);

}  // namespace fitrun
