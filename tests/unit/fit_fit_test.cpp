#include "fit/fit.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "catch.h"

using namespace fitrun;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Fit fit(double available, double fixed, double per_worker, std::uint64_t want,
        double headroom = 0.7) {
  return compute_fit({available, headroom, 0, fixed, per_worker, want});
}

}  // namespace

// Each row worked by hand from compute_fit() of the original.
TEST_CASE("the fit is the original's", "[fit]") {
  struct Row {
    double available, fixed, per_worker;
    std::uint64_t want;
    double headroom;
    std::uint64_t threads;
    bool reduced, swapping;
    double budget;
  };
  const Row row = GENERATE(values<Row>({
      // 24.4e9 * 0.7 = 17.08e9; (17.08e9 - 2.1e9) / 3.5e9 = 4.28
      {24.4e9, 2.1e9, 3.5e9, 8, 0.7, 4, true, false, 24.4e9 * 0.7},
      // want is what limits: (70 - 0) / 10 = 7
      {100, 0, 10, 4, 0.7, 4, false, false, 70},
      // exactly want
      {100, 0, 10, 5, 0.5, 5, false, false, 50},
      // exactly one worker: (50 - 40) / 10 = 1
      {100, 40, 10, 3, 0.5, 1, true, false, 50},
      // one byte less than one worker
      {100, 41, 10, 3, 0.5, 1, true, true, 50},
      // the same, but one was all that was wanted
      {100, 41, 10, 1, 0.5, 1, false, true, 50},
      // the fixed part alone is too large: (50 - 210) / 10 = -16
      {100, 210, 10, 8, 0.5, 1, true, true, 50},
      // free workers keep the wanted count, whatever `fixed` says
      {100, 40, 0, 8, 0.5, 8, false, false, 50},
      {100, 50, 0, 8, 0.5, 8, false, false, 50},
      {100, 51, 0, 8, 0.5, 8, false, true, 50},
      {100, 51, -1, 8, 0.5, 8, false, true, 50},
      // nothing available
      {0, 0, 10, 8, 0.7, 1, true, true, 0},
      {0, 0, 0, 8, 0.7, 8, false, false, 0},
      // want 0 counts as 1
      {100, 0, 10, 0, 0.7, 1, false, false, 70},
  }));
  CAPTURE(row.available, row.fixed, row.per_worker, row.want, row.headroom);
  const Fit f =
      fit(row.available, row.fixed, row.per_worker, row.want, row.headroom);
  CHECK(f.threads == row.threads);
  CHECK(f.reduced == row.reduced);
  CHECK(f.swapping == row.swapping);
  CHECK(f.budget == row.budget);
}

TEST_CASE("a reserve is taken from the budget", "[fit]") {
  // 100 * 0.5 - 15 = 35; 35 / 10 = 3
  const Fit f = compute_fit({100, 0.5, 15, 0, 10, 8});
  CHECK(f.budget == 35);
  CHECK(f.threads == 3);
  CHECK(compute_fit({100, 0.5, 60, 0, 10, 8}).swapping);
  CHECK(compute_fit({100, 0.5, 60, 0, 0, 8}).swapping);
}

TEST_CASE("what is not a finite number ends as it does in the original",
          "[fit]") {
  // Lua 5.1: min(want, floor(nan)) is want, and nan < 1 is false.
  CHECK(fit(kNan, 0, 10, 8).threads == 8);
  CHECK_FALSE(fit(kNan, 0, 10, 8).swapping);
  CHECK(fit(kInf, 0, 10, 8).threads == 8);
  CHECK(fit(-kInf, 0, 10, 8).swapping);
  CHECK(fit(100, kInf, 10, 8).swapping);
  CHECK(fit(100, 0, kInf, 8).swapping);
}

// The original, word for word but for the language, where `want` is a double.
TEST_CASE("random and absurd numbers agree with the original", "[fit]") {
  std::mt19937_64 random(20260101);
  const double absurd[] = {0,    -0.0,  1,    -1,     0x1p63, -0x1p63, 0x1p64,
                           kInf, -kInf, kNan, 1e-300, 1e300,  5e-324,  0.7};
  const auto number = [&]() -> double {
    if (random() % 4 == 0) return absurd[random() % std::size(absurd)];
    return std::ldexp(static_cast<double>(random() % 1000003),
                      static_cast<int>(random() % 50));
  };
  for (int i = 0; i < 200000; ++i) {
    const double available = number(), fixed = number(), per = number();
    const double headroom = random() % 3 ? 0.7 : number();
    const std::uint64_t want =
        random() % 8 ? random() % 100 : random() >> (random() % 64);
    const Fit f = fit(available, fixed, per, want, headroom);
    CAPTURE(available, fixed, per, want, headroom);

    const double lua_want = std::fmax(1, static_cast<double>(want));
    const double budget = available * headroom;
    double threads = lua_want;
    bool reduced = false, swapping = false;
    if (per <= 0) {
      swapping = fixed > budget;
    } else {
      const double safe = std::floor((budget - fixed) / per);
      if (safe < 1) {
        threads = 1;
        reduced = lua_want > 1;
        swapping = true;
      } else {
        if (safe < lua_want) threads = safe;
        reduced = threads < lua_want;
      }
    }
    const bool same =
        static_cast<double>(f.threads) == threads && f.reduced == reduced &&
        f.swapping == swapping &&
        (f.budget == budget || (std::isnan(f.budget) && std::isnan(budget))) &&
        f.threads >= 1 && f.threads <= std::max<std::uint64_t>(1, want);
    if (!same) FAIL("differs from the original");
  }
}

TEST_CASE("more memory never gives fewer workers", "[fit]") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto number = [&] { return static_cast<double>(random() >> 24); };
    const double fixed = number(), per = number(), available = number();
    const double reserve = number() / 16;
    const std::uint64_t want = random() % 64;
    const Fit less = compute_fit({available, 0.7, reserve, fixed, per, want});
    const Fit more =
        compute_fit({available * 2, 0.7, reserve, fixed, per, want});
    if (more.threads < less.threads) FAIL("fewer workers with more memory");
    if (!less.swapping && per > 0 &&
        fixed + static_cast<double>(less.threads) * per >
            less.budget * (1 + 1e-9))
      FAIL("the plan exceeds the budget");
  }
}

TEST_CASE("what must be available is the budget's inverse", "[fit]") {
  CHECK(available_for(700, 0.7, 0) == 1000);
  CHECK(available_for(700, 0.7, 70) == 1100);  // 770 / 0.7
  CHECK(available_for(49, 0.7, 0) == 70);  // 49 / 0.7 is above 70 in doubles
  CHECK(available_for(1, 1, 0) == 1);
  CHECK(available_for(1, 0.3, 0) == 4);
  CHECK(available_for(0, 0.7, 0) == 0);
  CHECK(available_for(kInf, 0.7, 0) == kInf);

  // One worker fits with that much, and not with a byte less.
  std::mt19937_64 random(11);
  for (int i = 0; i < 20000; ++i) {
    FitInput input;
    input.fixed = static_cast<double>(random() % (1U << 30));
    input.per_worker = static_cast<double>(1 + random() % (1U << 30));
    input.reserve = static_cast<double>(random() % 3 * (random() % (1U << 20)));
    input.headroom = static_cast<double>(1 + random() % 100) / 100;
    input.available = available_for(input.fixed + input.per_worker,
                                    input.headroom, input.reserve);
    CAPTURE(input.fixed, input.per_worker, input.reserve, input.headroom);
    REQUIRE_FALSE(compute_fit(input).swapping);
    input.available -= 1;
    REQUIRE(compute_fit(input).swapping);
  }
}

TEST_CASE("leases enter the budget and not what is available", "[fit]") {
  // Of 1000, one lease of 300 has used 100 and one of 200 uses 250: 650 are
  // available. 0.7 * (650 + 350) - (300 + 250) - 20 = 130
  const LeaseTerms leases{350, 550};
  CHECK(compute_budget(650, leases, 0.7, 20) == Approx(130));
  const Fit both = compute_fit({650, 0.7, 20, 30, 50, 8, leases});
  CHECK(both.threads == 2);  // (130 - 30) / 50
  CHECK((both.reduced && !both.swapping));
  // Ramped up or not, a lease leaves the same.
  CHECK(compute_budget(1000, {0, 300}, 0.7, 0) ==
        compute_budget(700, {300, 300}, 0.7, 0));
  // Leases of more than there is to share leave less than nothing.
  CHECK(compute_budget(1000, {0, 800}, 0.7, 0) == Approx(-100));
  CHECK(compute_fit({1000, 0.7, 0, 0, 50, 8, {0, 800}}).swapping);
  CHECK(compute_fit({1000, 0.7, 0, 0, 0, 8, {0, 800}}).swapping);
}

// Launches that come and go on one machine, each of which has used anything
// from nothing to all of its lease when the next one comes. What they were
// granted together is never more than the largest budget of one of them alone.
TEST_CASE("the margin of one launch is kept by all of them", "[fit]") {
  struct Running {
    double leased = 0, used = 0;
  };
  std::mt19937_64 random(12);
  const auto below = [&](std::uint64_t end) {
    return static_cast<double>(random() % end);
  };
  int fitted = 0;
  for (int round = 0; round < 500; ++round) {
    const double total = 1 + below(std::uint64_t{1} << 36);
    const bool equal = random() % 2 == 0;
    const double shared = (1 + below(100)) / 100;
    double largest = 0;
    std::vector<Running> running;
    for (int step = 0; step < 60; ++step) {
      if (random() % 4 == 0 && !running.empty()) {
        running.erase(running.begin() +
                      static_cast<std::ptrdiff_t>(random() % running.size()));
      }
      LeaseTerms leases;
      for (Running& one : running) {
        one.used = std::max(one.used, std::floor(one.leased * (below(5)) / 4));
        leases.used += one.used;
        leases.claimed += std::max(one.leased, one.used);
      }
      FitInput input;
      input.available = total - leases.used;
      input.headroom = equal ? shared : (1 + below(100)) / 100;
      input.fixed = std::floor(below(1000) / 4000 * total);
      input.per_worker = 1 + std::floor(below(1000) / 8000 * total);
      input.want = 1 + random() % 16;
      input.leases = leases;
      const Fit fit = compute_fit(input);
      if (fit.swapping) continue;  // a lone run-one, which is not granted
      ++fitted;
      largest = std::max(largest, input.headroom);
      running.push_back(
          {input.fixed + static_cast<double>(fit.threads) * input.per_worker,
           0});
      double granted = 0;
      for (const Running& one : running) granted += one.leased;
      CAPTURE(round, step, total, equal, largest);
      REQUIRE(granted <= largest * total * (1 + 1e-12));
    }
  }
  CHECK(fitted > 5000);
}
