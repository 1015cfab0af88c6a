// The fit the other way round: how much memory to ask for, so that a number of
// workers fits. Pure.
//
//   request = ceil_unit((fixed + N x per_worker + reserve) / headroom + base)
//
// What is computed is the smallest number of bytes of which compute_fit() gives
// N workers, found by bisection: the formula rounds elsewhere than the fit that
// runs in the job, and a worker would be lost to the last bit of a double.

#pragma once

#include <cstdint>
#include <optional>

#include "fit/fit.h"

namespace fitrun {

// What runs in a job beside the workers, and is used already when fitrun looks:
// the batch shell and an interpreter.
inline constexpr std::uint64_t kRequestBase = 16U << 20;

// The fewest bytes that have to be available so that `need.want` workers fit.
// `need.available` and leases do not matter. Free workers take what `fixed`
// does. Empty where a number is not finite, the headroom is not above 0, or
// 2^62 bytes are not enough.
std::optional<std::uint64_t> bytes_for(const FitInput& need);

// How many units of `unit` bytes, at least 1, hold `bytes`.
std::uint64_t units_for(std::uint64_t bytes, std::uint64_t unit);

}  // namespace fitrun
