// How many workers fit. Pure: same numbers in, same answer out.
//
//   budget  = available * headroom - reserve
//   threads = floor((budget - fixed) / per_worker), held between 1 and `want`
//
// In doubles and in this order of operations, so that the answer is bit for bit
// that of the original, a Lua function in which every number is a double. When
// not even one worker fits the answer is still 1: the caller decides whether to
// warn, to wait or to give up.

#pragma once

#include <cstdint>

#include "base/pool.h"

namespace fitrun {

// Bytes, but for `headroom`, a share. A `per_worker` of 0 or less means that
// workers are free: only `fixed` can overflow then.
struct FitInput {
  double available = 0;
  double headroom = kDefaultHeadroom;
  double reserve = 0;
  double fixed = 0;
  double per_worker = 0;
  std::uint64_t want = 1;  // 0 counts as 1
};

struct Fit {
  std::uint64_t threads = 1;  // 1 to max(1, want), whatever the input
  bool reduced = false;       // below what was wanted
  bool swapping = false;      // not even one worker fits the budget
  double budget = 0;          // bytes
};

Fit compute_fit(const FitInput& input);

// The other way round: the fewest whole bytes that must be available for a
// budget of at least `needed` bytes. `headroom` is above 0.
double available_for(double needed, double headroom, double reserve);

}  // namespace fitrun
