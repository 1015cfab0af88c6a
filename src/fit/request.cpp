#include "fit/request.h"

#include <cmath>

namespace fitrun {

std::optional<std::uint64_t> bytes_for(const FitInput& need) {
  for (const double number :
       {need.headroom, need.reserve, need.fixed, need.per_worker})
    if (!std::isfinite(number)) return std::nullopt;
  if (need.headroom <= 0) return std::nullopt;

  const auto is_enough = [&](std::uint64_t available) {
    FitInput input = need;
    input.available = static_cast<double>(available);
    input.leases = {};
    const Fit fit = compute_fit(input);
    return !fit.swapping && !fit.reduced;
  };
  // More memory never gives fewer workers: each step of the fit is monotone,
  // its rounding too.
  std::uint64_t least = 0, most = std::uint64_t{1} << 62;
  if (!is_enough(most)) return std::nullopt;
  while (least < most) {
    const std::uint64_t middle = least + (most - least) / 2;
    if (is_enough(middle)) {
      most = middle;
    } else {
      least = middle + 1;
    }
  }
  return least;
}

std::uint64_t units_for(std::uint64_t bytes, std::uint64_t unit) {
  return bytes / unit + (bytes % unit > 0 ? 1 : 0);
}

}  // namespace fitrun
