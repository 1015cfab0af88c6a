#include "fit/fit.h"

#include <algorithm>
#include <cmath>

namespace fitrun {

double compute_budget(double available, const LeaseTerms& leases,
                      double headroom, double reserve) {
  // Not "+ 0" and "- 0": the original knows neither leases nor a reserve, and
  // inf - 0 or -0.0 - 0 must stay what it computes.
  if (leases.used != 0) available += leases.used;
  double budget = available * headroom;
  if (leases.claimed != 0) budget -= leases.claimed;
  if (reserve != 0) budget -= reserve;
  return budget;
}

Fit compute_fit(const FitInput& input) {
  const std::uint64_t want = std::max<std::uint64_t>(1, input.want);
  const double budget = compute_budget(input.available, input.leases,
                                       input.headroom, input.reserve);

  if (input.per_worker <= 0) return {want, false, input.fixed > budget, budget};

  const double safe = std::floor((budget - input.fixed) / input.per_worker);
  if (safe < 1) return {1, want > 1, true, budget};

  // Compared this way round, a `safe` that is not a number gives `want`, as in
  // the original. The cast is exact: safe < want <= 2^64.
  const std::uint64_t threads = safe < static_cast<double>(want)
                                    ? static_cast<std::uint64_t>(safe)
                                    : want;
  return {threads, threads < want, false, budget};
}

double available_for(double needed, double headroom, double reserve) {
  const auto is_enough = [&](double available) {
    return available * headroom - reserve >= needed;
  };
  double available = std::ceil((needed + reserve) / headroom);
  // The division rounds, and so does the budget's product.
  if (is_enough(available - 1)) {
    available -= 1;
  } else if (!is_enough(available)) {
    available += 1;
  }
  return std::max(0.0, available);
}

}  // namespace fitrun
