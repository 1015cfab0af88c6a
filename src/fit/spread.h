// How many workers fit on several GPUs, and how many go on each. Pure.
//
// The free bytes of GPUs are never added up: a worker lives on one GPU, so five
// GPUs with half a worker's memory each hold no worker at all. The rule of
// fit.h is applied to each GPU, with `fixed` paid once on each, and what the
// counts then make together depends on who places the workers.
//
// The surprise: with `roundrobin` and `even` one small GPU sets the pace for
// all; leaving it out can give more workers, and SpreadFit says so.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/pool.h"
#include "base/spread.h"
#include "fit/fit.h"

namespace fitrun {

// Bytes, but for `headroom`, a share. Reserve and fixed are paid on each GPU
// that is used.
struct SpreadInput {
  std::vector<double> available;  // one per GPU, as the command numbers them
  double headroom = kDefaultHeadroom;
  double reserve = 0;
  double fixed = 0;
  double per_worker = 0;
  std::uint64_t want = 1;  // 0 counts as 1
  Spread spread = Spread::first;
  std::vector<LeaseTerms> leases{};  // one per GPU, or none at all
};

struct GpuShare {
  std::uint64_t fits = 0;     // what this GPU could hold alone; at most want
  std::uint64_t threads = 0;  // what goes on it
  double budget = 0;          // bytes
};

struct SpreadFit {
  std::uint64_t threads = 1;   // in all: 1 to max(1, want), whatever the input
  bool reduced = false;        // below what was wanted
  bool swapping = false;       // not even one worker fits as it is to be placed
  std::vector<GpuShare> gpus;  // one per GPU of the input
  // The GPU that sets the number; empty where the wanted count fits, and where
  // it is the sum over several (pin).
  std::optional<std::size_t> limiting;
  // Set where leaving out `limiting` would give more workers: how many.
  std::optional<std::uint64_t> threads_without_limiting;
};

// When nothing fits as it is to be placed, the answer is the original's: one
// worker, or all that were wanted where they are free, on the first GPU, and
// `swapping` set. No GPU at all counts as one with nothing available.
SpreadFit compute_spread(const SpreadInput& input);

}  // namespace fitrun
