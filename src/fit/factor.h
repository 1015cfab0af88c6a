// The parse factor of a cost that grows with a file, from runs over inputs of
// different sizes. Pure.
//
//   peak = fixed + factor * input + workers * per_worker     (FactorIn::fixed)
//   peak = fixed + workers * (per_worker + factor * input)   (per_worker)
//
// Each unknown is a median of slopes between pairs of runs that differ in
// nothing else, as in regress.h: runs with the same input for the workers, and
// what is left with different inputs for the factor.

#pragma once

#include <optional>
#include <vector>

#include "fit/regress.h"

namespace fitrun {

// The cost that the file belongs to.
enum class FactorIn { fixed, per_worker };

struct InputSample {
  double workers = 0;  // at least 1
  double peak = 0;     // bytes
  double input = 0;    // bytes of the file
};

struct FactorFit {
  double factor = 0;
  double fixed = 0;               // bytes that do not depend on the input
  double per_worker = 0;          // the same, of each worker
  std::vector<double> residuals;  // peak - fit, in bytes, in the given order
  double r_squared = 0;
  // Multiplies the whole fit so that no run exceeds it; at least 1.
  double covering = 1;

  double at(FactorIn where, double workers, double input) const;
};

// Empty where the runs cannot tell the unknowns apart: they need two sizes of
// input, and two numbers of workers with one of them.
std::optional<FactorFit> learn_factor(const std::vector<InputSample>& samples,
                                      FactorIn where);

}  // namespace fitrun
