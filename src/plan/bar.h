// The memory of one pool as a bar as wide as the terminal: what others use,
// what their leases keep, fixed, each worker, and what is left up to the budget
// and kept free beyond it. Pure.

#pragma once

#include <cstdint>
#include <string>

#include "plan/text_style.h"

namespace fitrun {

// All bytes. `used` is what others hold now, or 0 where that is unknown.
struct BarInput {
  double used = 0;
  double available = 0;
  double budget = 0;  // after leases
  double fixed = 0;
  double per_worker = 0;
  std::uint64_t workers = 0;
  double set_aside = 0;  // of what is available, by others' leases
};

// The bar, a mark below it where the budget ends, and the legend, each line
// behind `indent`. With it they fill the terminal, as one of 40 columns at
// least and 200 at most. Where the workers need more than there is, the part
// beyond is drawn as such.
std::string render_bar(const BarInput& input, const std::string& indent,
                       const TextStyle& style);

}  // namespace fitrun
