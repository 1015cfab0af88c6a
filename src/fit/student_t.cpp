#include "fit/student_t.h"

#include <algorithm>

// clang-format off: what others include depends on it
#include "base/no_stream_setup.h"
// clang-format on

#include <boost/math/distributions/students_t.hpp>

namespace fitrun {
namespace {

namespace math = boost::math;

// Doubles are enough, and nothing here may throw.
using Policy = math::policies::policy<
    math::policies::promote_double<false>,
    math::policies::domain_error<math::policies::ignore_error>,
    math::policies::overflow_error<math::policies::ignore_error>,
    math::policies::evaluation_error<math::policies::ignore_error>>;

double quantile(double share, std::size_t df) {
  const math::students_t_distribution<double, Policy> t(
      static_cast<double>(std::max<std::size_t>(1, df)));
  return math::quantile(t, share);
}

}  // namespace

double t_95(std::size_t df) {
  return quantile(0.975, df);
}

double t_99_one_sided(std::size_t df) {
  return quantile(0.99, df);
}

}  // namespace fitrun
