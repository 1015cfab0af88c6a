#include <cmath>
#include <limits>
#include <random>

#include "catch.h"
#include "fit/request.h"

using namespace fitrun;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kMiB = 1U << 20;

FitInput need(double fixed, double per_worker, std::uint64_t want,
              double headroom = 0.7, double reserve = 0) {
  return {0, headroom, reserve, fixed, per_worker, want};
}

Fit fit_of(FitInput input, std::uint64_t available) {
  input.available = static_cast<double>(available);
  return compute_fit(input);
}

}  // namespace

TEST_CASE("a request is what its formula says", "[request]") {
  // (64 + 8 x 350 + 36) / 0.5 = 5800
  CHECK(bytes_for(need(64, 350, 8, 0.5, 36)) == 5800U);
  // 16 x 2e9 / 0.7 = 45714285714.28..., and a byte is not divided
  CHECK(bytes_for(need(0, 2e9, 16)) == 45714285715U);
  // free workers need what is shared: 65 / 0.5
  CHECK(bytes_for(need(65, 0, 8, 0.5)) == 130U);
  CHECK(bytes_for(need(65, -1, 8, 0.5)) == 130U);
  CHECK(bytes_for(need(0, 0, 8)) == 0U);
  // no worker counts as one
  CHECK(bytes_for(need(0, 7, 0)) == 10U);

  CHECK(units_for(5800, 1) == 5800);
  CHECK(units_for(45714285715 + kRequestBase, kMiB) == 43613);  // 43612.56
  CHECK(units_for(3 * kMiB, kMiB) == 3);
  CHECK(units_for(3 * kMiB + 1, kMiB) == 4);
  CHECK(units_for(0, kMiB) == 0);
  CHECK(units_for(~std::uint64_t{0}, std::uint64_t{1} << 60) == 16);
}

// The property of the request, tried with numbers that do not divide: of a
// limit of so many bytes above the base the fit gives N workers, and of one
// unit less fewer, or none at all.
TEST_CASE("a request gives its workers, one unit less fewer", "[request]") {
  std::mt19937_64 random(20261126);
  const auto bytes = [&](int most) {
    return std::ldexp(static_cast<double>(random() % 1000003),
                      static_cast<int>(random() % most));
  };
  const std::uint64_t units[] = {1,        1000,    1024,      kMiB,
                                 3 * kMiB, 1000000, kMiB << 10};
  for (int i = 0; i < 20000; ++i) {
    const FitInput input = need(
        random() % 4 ? bytes(24) : 0, bytes(18) + 0x1p-10,
        1 + random() % (random() % 2 ? 64 : 100000),
        random() % 2 ? 0.7 : static_cast<double>(1 + random() % 1000) / 1000,
        random() % 4 ? 0 : bytes(20));
    const std::uint64_t unit = units[random() % std::size(units)];
    CAPTURE(input.fixed, input.per_worker, input.want, input.headroom,
            input.reserve, unit);
    const auto least = bytes_for(input);
    REQUIRE(least);
    const std::uint64_t limit = units_for(*least + kRequestBase, unit) * unit;

    const Fit fit = fit_of(input, limit - kRequestBase);
    if (fit.threads != input.want || fit.swapping)
      FAIL("the request does not give its workers");
    if (limit - kRequestBase < unit) continue;
    const Fit less = fit_of(input, limit - kRequestBase - unit);
    if (less.threads >= input.want && !less.swapping)
      FAIL("one unit less would have been enough");
  }
}

TEST_CASE("absurd needs have no request, or a finite one", "[request]") {
  CHECK_FALSE(bytes_for(need(kNan, 1, 1)));
  CHECK_FALSE(bytes_for(need(0, kNan, 1)));
  CHECK_FALSE(bytes_for(need(kInf, 0, 1)));
  CHECK_FALSE(bytes_for(need(0, kInf, 1)));
  CHECK_FALSE(bytes_for(need(0, 1, 1, 0)));
  CHECK_FALSE(bytes_for(need(0, 1, 1, -0.5)));
  CHECK_FALSE(bytes_for(need(0, 1, 1, kNan)));
  CHECK_FALSE(bytes_for(need(0, 1, 1, kInf)));
  CHECK_FALSE(bytes_for(need(0, 1, 1, 0.7, kInf)));
  CHECK_FALSE(bytes_for(need(0x1p63, 1, 1)));
  CHECK_FALSE(bytes_for(need(0, 0x1p40, std::uint64_t{1} << 40)));
  CHECK_FALSE(bytes_for(need(0, 1, ~std::uint64_t{0})));
  CHECK(bytes_for(need(-5, 0, 1)) == 0U);
  CHECK(bytes_for(need(0, 5e-324, 1)) == 1U);
  // 2^62, and half a step of a double below it is still read as that.
  CHECK(bytes_for(need(0, 0x1p61, 1, 0.5)) == (std::uint64_t{1} << 62) - 256);
}
