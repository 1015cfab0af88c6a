#include <cmath>
#include <random>

#include "catch.h"
#include "fit/factor.h"
#include "fit/headroom.h"
#include "fit/regress.h"
#include "fit/student_t.h"

using namespace fitrun;
using Catch::Approx;

namespace {

std::vector<Sample> runs(double fixed, double per_worker,
                         std::initializer_list<double> counts) {
  std::vector<Sample> samples;
  for (const double n : counts) samples.push_back({n, fixed + n * per_worker});
  return samples;
}

bool covers(const Costs& costs, const std::vector<Sample>& samples) {
  for (const Sample& sample : samples)
    if (costs.at(sample.workers) < sample.peak * (1 - 1e-12)) return false;
  return true;
}

}  // namespace

TEST_CASE("runs on a line give the line", "[regress]") {
  const Regression r = regress(runs(100, 50, {1, 2, 4, 8}));
  CHECK(r.shape == Shape::line);
  CHECK(r.line.fixed == Approx(100));
  CHECK(r.line.per_worker == Approx(50));
  CHECK(r.r_squared == Approx(1));
  CHECK(r.bound.fixed == Approx(100));
  CHECK(r.bound.per_worker == Approx(50));
  REQUIRE(r.fixed_range);
  CHECK(r.fixed_range->low == Approx(100));
  CHECK(r.fixed_range->high == Approx(100));
  CHECK_FALSE(r.spread);
  CHECK(describe(r.shape).empty());
}

TEST_CASE("one run that went wrong does not move the line", "[regress]") {
  // 1, 2, 4, 8 twice on 100 + 50 n, but the second run of 8 missed its spike:
  // 350 instead of 500. 28 pairs, 24 with different counts; the wrong run is in
  // 6 of them, so the median is 50.
  std::vector<Sample> samples = runs(100, 50, {1, 2, 4, 8, 1, 2, 4, 8});
  samples.back().peak = 350;
  const Regression r = regress(samples);
  CHECK(r.line.per_worker == Approx(50));
  CHECK(r.line.fixed == Approx(100));
  CHECK(r.residuals.back() == Approx(-150));
  CHECK(r.residuals.front() == Approx(0).margin(1e-9));
  // (500 - 350) / 425
  REQUIRE(r.spread);
  CHECK(*r.spread == Approx(150 / 425.0));
  CHECK(r.shape == Shape::scattered);
  CHECK(covers(r.bound, samples));
}

TEST_CASE("the ranges are Student's around the residuals", "[regress]") {
  // Slopes: 9, 9.5, 28/3, 10, 9.5, 9; sorted 9 9 9.333 9.5 9.5 10, the median
  // is (9.333 + 9.5) / 2 = 9.41667. What is left: 11.58333, 11.16667, 11.75,
  // 11.33333; its median (11.33333 + 11.58333) / 2 = 11.45833.
  // Residuals: 0.125, -0.29167, 0.29167, -0.125; squares sum to 0.20139;
  // error = sqrt(0.20139 / 2) = 0.31732; across = 5; t(2) = 4.303.
  const Regression r = regress({{1, 21}, {2, 30}, {3, 40}, {4, 49}});
  CHECK(r.line.per_worker == Approx(9.416667));
  CHECK(r.line.fixed == Approx(11.458333));
  REQUIRE(r.per_worker_range);
  const double half = 4.303 * 0.31732 / std::sqrt(5);
  CHECK(r.per_worker_range->high - r.line.per_worker ==
        Approx(half).epsilon(1e-4));
  CHECK(r.line.per_worker - r.per_worker_range->low ==
        Approx(half).epsilon(1e-4));
  // sqrt(1/4 + 2.5^2/5) = 1.2247
  CHECK(r.fixed_range->high - r.line.fixed ==
        Approx(4.303 * 0.31732 * std::sqrt(1.5)).epsilon(1e-4));
  // Squares around the mean 35: 196 + 25 + 25 + 196 = 442.
  CHECK(r.r_squared == Approx(1 - 0.201389 / 442));
}

TEST_CASE("too few runs say so and charge all to the workers", "[regress]") {
  CHECK(regress({}).shape == Shape::too_few);
  const Regression one = regress({{4, 400}, {4, 440}});
  CHECK(one.shape == Shape::too_few);
  CHECK(costs_to_declare(one).fixed == 0);
  CHECK(costs_to_declare(one).per_worker == Approx(110));
  CHECK_FALSE(one.fixed_range);
  const Regression two = regress({{1, 150}, {2, 200}});
  CHECK(two.shape == Shape::line);
  CHECK(two.line.fixed == Approx(100));
  CHECK_FALSE(two.fixed_range);
}

TEST_CASE("work split over the workers is not a line", "[regress]") {
  SECTION("the peak stops growing when the work has run out") {
    const std::vector<Sample> samples = {
        {1, 200}, {2, 300}, {4, 500}, {8, 500}, {16, 500}};
    const Regression r = regress(samples);
    CHECK(r.shape == Shape::split_work);
    CHECK(covers(costs_to_declare(r), samples));
  }
  SECTION("the peak falls") {
    const std::vector<Sample> samples = {{1, 500}, {2, 400}, {4, 300}};
    const Regression r = regress(samples);
    CHECK(r.shape == Shape::split_work);
    CHECK(costs_to_declare(r).fixed == Approx(500));
    CHECK(costs_to_declare(r).per_worker == 0);
  }
}

TEST_CASE("a peak that grows faster than the workers is bounded at its end",
          "[regress]") {
  // workers^2: the last segment rises by (64 - 16) / 4 = 12 per worker, so the
  // bound needs 64 - 8 * 12 < 0, and 1 - 12, 4 - 24, 16 - 48: fixed 0.
  const std::vector<Sample> samples = {{1, 1}, {2, 4}, {4, 16}, {8, 64}};
  const Regression r = regress(samples);
  CHECK(r.shape == Shape::steepening);
  CHECK(r.bound.per_worker == Approx(12));
  CHECK(r.bound.fixed == Approx(0).margin(1e-9));
  CHECK(covers(r.bound, samples));
}

TEST_CASE("free workers are flat, and costs are never negative", "[regress]") {
  const Regression flat = regress({{1, 500}, {2, 499}, {4, 498}, {8, 497}});
  CHECK(flat.shape == Shape::flat);
  CHECK(flat.line.per_worker == 0);
  CHECK(flat.line.fixed == Approx(498.5));

  // 52 n - 2, 2, 4: the slope is 52, the intercept below zero.
  const Regression through_zero =
      regress({{1, 50}, {2, 102}, {4, 206}, {8, 414}});
  CHECK(through_zero.line.fixed == 0);
  // 50, 51, 51.5, 51.75: the median is 51.25
  CHECK(through_zero.line.per_worker == Approx(51.25));
}

// The run in the middle lies off the line through the others, which the median
// of the three slopes is: by 30 of 250, 12 %, or by 22.5 of 250, 9 %.
TEST_CASE("a line bends where its middle is a tenth off", "[regress]") {
  CHECK(regress({{1, 100}, {2, 250}, {3, 340}}).shape == Shape::split_work);
  CHECK(regress({{1, 100}, {2, 250}, {3, 460}}).shape == Shape::steepening);
  CHECK(regress({{1, 100}, {2, 250}, {3, 355}}).shape == Shape::line);
  CHECK(regress({{1, 100}, {2, 250}, {3, 445}}).shape == Shape::line);
}

TEST_CASE("a peak that falls by a tenth is split work", "[regress]") {
  CHECK(regress({{1, 100}, {2, 88}}).shape == Shape::split_work);  // by 12 %
  CHECK(regress({{1, 100}, {2, 92}}).shape == Shape::flat);        // by 8 %
}

TEST_CASE("equal runs a quarter apart are scattered", "[regress]") {
  const auto twice = [](double low, double high) {
    return regress({{1, low}, {1, high}, {2, 200}, {2, 200}}).shape;
  };
  CHECK(twice(85, 115) == Shape::scattered);  // 30 of 100
  CHECK(twice(87, 113) == Shape::scattered);  // 26 of 100
  CHECK(twice(88, 112) == Shape::line);       // 24 of 100
}

// From the tables of Student's t that every textbook has.
TEST_CASE("quantiles of t are the tables'", "[regress]") {
  const auto near = [](double value) { return Approx(value).margin(0.0006); };
  CHECK(t_95(0) == near(12.706));
  CHECK(t_95(1) == near(12.706));
  CHECK(t_95(4) == near(2.776));
  CHECK(t_95(11) == near(2.201));
  CHECK(t_95(30) == near(2.042));
  CHECK(t_95(120) == near(1.980));
  CHECK(t_99_one_sided(1) == near(31.821));
  CHECK(t_99_one_sided(4) == near(3.747));
  CHECK(t_99_one_sided(11) == near(2.718));
  CHECK(t_99_one_sided(30) == near(2.457));
  CHECK(t_99_one_sided(120) == near(2.358));
}

TEST_CASE("the bound covers every run, whatever the runs", "[regress]") {
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    std::vector<Sample> samples;
    const std::size_t count = 1 + random() % 9;
    while (samples.size() < count)
      samples.push_back({static_cast<double>(1 + random() % 8),
                         static_cast<double>(random() % 1000000)});
    const Regression r = regress(samples);
    CAPTURE(i);
    REQUIRE(covers(r.bound, samples));
    REQUIRE(r.bound.fixed >= 0);
    REQUIRE(r.bound.per_worker >= 0);
    REQUIRE(r.line.fixed >= 0);
    REQUIRE(r.line.per_worker >= 0);
    REQUIRE(r.residuals.size() == samples.size());
  }
}

TEST_CASE("the learned headroom covers the runs and the spread", "[headroom]") {
  const auto learn = [](const std::vector<Sample>& samples,
                        double ceiling = kCountedCeiling,
                        double declared = 0.7) {
    return learn_headroom(regress(samples), samples, ceiling, declared);
  };
  SECTION("exact runs give the ceiling, never more") {
    const auto samples = runs(100, 50, {1, 2, 4, 1, 2, 4});
    CHECK(learn(samples).value == Approx(0.95));
    CHECK(learn(samples, kSampledCeiling).value == Approx(0.90));
    CHECK(learn(samples).learned);
  }
  SECTION("too few runs leave the default and say so") {
    CHECK(learn(runs(100, 50, {1, 2, 4, 4})).value == 0.7);
    CHECK_THAT(learn(runs(100, 50, {1, 2, 4, 4})).note,
               Catch::Matchers::ContainsSubstring("4 runs"));
    CHECK_FALSE(learn(runs(100, 50, {1, 2, 4, 8, 16})).learned);
    CHECK_FALSE(learn(runs(100, 50, {4, 4, 4, 4, 4, 4})).learned);
    CHECK(learn({}).value == 0.7);
  }
  SECTION("what a stage declares is kept, and named") {
    const LearnedHeadroom kept =
        learn(runs(100, 50, {1, 2, 4, 4}), kCountedCeiling, 0.5);
    CHECK(kept.value == 0.5);
    CHECK(kept.note == "headroom stays at 0.5: 4 runs, at least 5 are needed");
  }
  SECTION("what is not a line keeps the default") {
    CHECK_FALSE(learn({{1, 1}, {2, 4}, {4, 16}, {8, 64}, {8, 64}}).learned);
  }
  SECTION("the spread decides the rest") {
    // 100 n but for 2 % up and down at each count: the line is 100 n (the
    // slopes are symmetric), so each run is off by 0.02.
    const std::vector<Sample> samples = {{1, 98},  {1, 102}, {2, 196},
                                         {2, 204}, {4, 392}, {4, 408}};
    // df 4: t 3.747; squares 6 * 0.0004 / 4 = 0.0006, root 0.024495; counts
    // have mean 7/3, across 28/3, so the scale is
    // sqrt(1 + 1/6 + (5/3)^2 / (28/3)) = 1.21008.
    // 1 / (1 + 3.747 * 0.024495 * 1.21008) = 0.9000
    const LearnedHeadroom h = learn(samples);
    CHECK(h.learned);
    CHECK(h.value == Approx(0.90).margin(0.0101));
    for (const Sample& sample : samples)
      CHECK(sample.peak * h.value <= 100 * sample.workers);
  }
}

TEST_CASE("the learned headroom covers the worst run among many",
          "[headroom]") {
  // 24 runs on 100 n, one of them 20 % above. df 22: t = 2.508; 0.2 / sqrt(22)
  // = 0.04264; counts 1, 2, 4 have mean 7/3 and across 8 * 14/3, so the scale
  // is sqrt(1 + 1/24 + 25/9 / 37.33) = 1.0564: the spread asks for 0.1135, the
  // worst run for 0.2, and 1 / 1.2 = 0.833.
  std::vector<Sample> samples;
  for (int i = 0; i < 8; ++i)
    for (const double n : {1.0, 2.0, 4.0}) samples.push_back({n, 100 * n});
  samples[7].peak *= 1.2;
  const LearnedHeadroom h =
      learn_headroom(regress(samples), samples, kCountedCeiling, 0.7);
  CHECK(h.value == Approx(0.83));
}

TEST_CASE("a parse factor is learned over inputs of different sizes",
          "[factor]") {
  std::vector<InputSample> samples;
  SECTION("in the fixed part") {
    for (const double input : {1000.0, 3000.0})
      for (const double n : {1.0, 2.0, 4.0})
        samples.push_back({n, 500 + 6 * input + n * 250, input});
    const auto fit = learn_factor(samples, FactorIn::fixed);
    REQUIRE(fit);
    CHECK(fit->factor == Approx(6));
    CHECK(fit->fixed == Approx(500));
    CHECK(fit->per_worker == Approx(250));
    CHECK(fit->r_squared == Approx(1));
    CHECK(fit->covering == Approx(1));
    samples[0].peak *= 1.5;
    const auto disturbed = learn_factor(samples, FactorIn::fixed);
    CHECK(disturbed->factor == Approx(6));
    // 6750 * 1.5 over 6750
    CHECK(disturbed->covering == Approx(1.5));
  }
  SECTION("runs that differ in both are not compared") {
    // Larger inputs were run with more workers: four of six pairs differ in
    // both and would give slopes between 250 and 12250.
    for (const auto& [n, input] :
         {std::pair{1.0, 1000.0}, {2.0, 1000.0}, {4.0, 3000.0}, {8.0, 3000.0}})
      samples.push_back({n, 500 + 6 * input + n * 250, input});
    CHECK(learn_factor(samples, FactorIn::fixed)->per_worker == Approx(250));
  }
  SECTION("in each worker") {
    for (const double input : {1000.0, 3000.0})
      for (const double n : {1.0, 2.0, 4.0})
        samples.push_back({n, 500 + n * (250 + 1.1 * input), input});
    const auto fit = learn_factor(samples, FactorIn::per_worker);
    REQUIRE(fit);
    CHECK(fit->factor == Approx(1.1));
    CHECK(fit->fixed == Approx(500));
    CHECK(fit->per_worker == Approx(250));
  }
  SECTION("one input or one count is not enough") {
    CHECK_FALSE(learn_factor({{1, 10, 5}, {2, 20, 5}}, FactorIn::fixed));
    CHECK_FALSE(learn_factor({{1, 10, 5}, {1, 20, 6}}, FactorIn::fixed));
    CHECK_FALSE(learn_factor({{1, 10, 5}, {1, 20, 6}}, FactorIn::per_worker));
  }
}
