// Quantiles of Student's t: how far from a value that was estimated from a few
// runs the true one may lie, in standard errors. Pure; home of Boost.Math,
// whose headers are slow to compile.

#pragma once

#include <cstddef>

namespace fitrun {

// Half the width of the 95 % range of a value estimated with `df` degrees of
// freedom. 0 degrees count as 1.
double t_95(std::size_t df);

// The same for a one-sided limit that 99 % stay below.
double t_99_one_sided(std::size_t df);

}  // namespace fitrun
