// The memory of one pool as a bar: used, set aside by others, fixed, each
// worker, kept free.

#pragma once

#include <cstdint>
#include <string>

#include "plan/text_style.h"

namespace fitrun {

// All bytes. `used` is what others hold now, or 0 where that is unknown.
struct BarInput {
  double used = 0;
  double available = 0;
  double fixed = 0;
  double per_worker = 0;
  std::uint64_t workers = 0;
  double set_aside = 0;  // of what is available, by others' leases
};

// The bar and its legend, two lines, each behind `indent`. Where the workers
// need more than there is, the part beyond is drawn as such.
std::string render_bar(const BarInput& input, const std::string& indent,
                       const TextStyle& style);

}  // namespace fitrun
