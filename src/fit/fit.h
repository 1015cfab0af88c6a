// How many workers fit. Pure: same numbers in, same answer out.
//
//   budget  = headroom * (available + used) - claimed - reserve
//   threads = floor((budget - fixed) / per_worker), held between 1 and `want`
//
// `used` and `claimed` are what live leases have (LeaseTerms); without any the
// budget is available * headroom. The headroom is taken of all that the leases
// and this launch have together, so that the share which one launch keeps free
// is kept by all of them: whatever they use already, the sum of what was
// granted is never above the budget of one launch alone.
//
// In doubles and in this order of operations, so that the answer is bit for bit
// that of the original, a Lua function in which every number is a double. When
// not even one worker fits the answer is still 1: the caller decides whether to
// warn, to wait or to give up.

#pragma once

#include <cstdint>

#include "base/pool.h"

namespace fitrun {

// What live leases have of a memory, bytes.
struct LeaseTerms {
  double used = 0;     // by their commands: missing from what is available
  double claimed = 0;  // of each the larger of leased and used, added up
};

// Bytes, but for `headroom`, a share; below 0 where leases claim more than
// there is to share.
double compute_budget(double available, const LeaseTerms& leases,
                      double headroom, double reserve);

// Bytes, but for `headroom`, a share. A `per_worker` of 0 or less means that
// workers are free: only `fixed` can overflow then.
struct FitInput {
  double available = 0;
  double headroom = kDefaultHeadroom;
  double reserve = 0;
  double fixed = 0;
  double per_worker = 0;
  std::uint64_t want = 1;  // 0 counts as 1
  LeaseTerms leases{};
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
