#include <cmath>

#include "catch.h"
#include "measure/learned.h"

using namespace fitrun;
using Catch::Approx;

namespace {

constexpr std::uint64_t kMB = 1'000'000;

RunRecord run_of(std::uint64_t workers, std::uint64_t peak) {
  RunRecord run;
  run.time = "2026-11-25T10:00:00Z";
  run.workers = workers;
  run.peak = peak;
  run.certainty = Certainty::counted;
  run.seconds = 10;
  run.wait_status = 0;
  run.oom_kills = 0;
  return run;
}

// A build of 40 jobs of so many MB each, besides a make of 2 MB.
RunRecord build(std::uint64_t workers, std::uint64_t mb) {
  RunRecord run = run_of(workers, (2 + workers * mb) * kMB);
  for (std::uint64_t jobs = 0; jobs <= workers; ++jobs)
    run.envelope.push_back({jobs, (2 + jobs * mb) * kMB});
  run.jobs.kinds = {{"cc -c", 40, mb * kMB, mb * kMB}};
  return run;
}

// The count that fits, as the plan will have it.
double fits(const LearnedCosts& learned, double budget) {
  return std::floor(
      (budget * learned.headroom.value_or(0.7) - learned.costs.fixed) /
      learned.costs.per_worker);
}

}  // namespace

TEST_CASE("one job at a time: more cost no more than in proportion",
          "[learned]") {
  const auto learned = learn_costs({build(1, 30)}, WorkIs::jobs);
  REQUIRE(learned);
  CHECK(learned->costs.fixed == 0);
  CHECK(learned->costs.per_worker == 32 * kMB);
  CHECK(learned->headroom == 0.95);
  CHECK(origin_of(*learned) == "learned from 1 run, last 2026-11-25");
}

TEST_CASE("two builds give the line", "[learned]") {
  const auto learned = learn_costs({build(1, 30), build(8, 30)}, WorkIs::jobs);
  REQUIRE(learned);
  CHECK(learned->costs.fixed == Approx(2 * kMB));
  CHECK(learned->costs.per_worker == Approx(30 * kMB));
  CHECK(learned->headroom == 0.95);
  CHECK(learned->runs == 2);
  // The third launch: 16 survive in 500 MB.
  CHECK(fits(*learned, 500 * kMB) == 15);
}

TEST_CASE("what lies between two looks is counted at each point", "[learned]") {
  RunRecord run = build(4, 30);
  run.peak = *run.peak * 11 / 10;
  const auto learned = learn_costs({run}, WorkIs::jobs);
  CHECK(learned->costs.per_worker == Approx(33 * kMB));
}

TEST_CASE("few jobs at their full size at one time is luck", "[learned]") {
  // Four links of 300 MB, one after the other, among many of 20 MB.
  RunRecord run = run_of(8, 320 * kMB);
  run.envelope = {{0, 0}, {1, 300 * kMB}, {8, 320 * kMB}};
  run.jobs.kinds = {{"ld", 4, 300 * kMB, 300 * kMB},
                    {"cc -c", 36, 20 * kMB, 30 * kMB}};
  const auto learned = learn_costs({run}, WorkIs::jobs);
  REQUIRE(learned);
  // At the mean of the jobs, 48 MB a worker, and not at 20 / 7.
  CHECK(learned->costs.per_worker > 39 * kMB);
  for (const EnvelopePoint& point : run.envelope)
    CHECK(learned->costs.at(static_cast<double>(point.jobs)) >=
          static_cast<double>(point.bytes) * 0.999999);
}

TEST_CASE("jobs that are alike are a line, be they large together or not",
          "[learned]") {
  RunRecord run = build(8, 30);
  run.envelope = {{0, 2 * kMB}, {1, 32 * kMB}, {4, 110 * kMB}, {8, 160 * kMB}};
  run.peak = 160 * kMB;
  const auto learned = learn_costs({run}, WorkIs::jobs);
  REQUIRE(learned);
  CHECK(learned->costs.per_worker == Approx(30 * kMB));
  CHECK(learned->costs.fixed == Approx(2 * kMB));
  CHECK(learned->headroom == 0.95);
  // With one that is twice as large nobody knows.
  run.jobs.kinds.push_back({"ld", 1, 60 * kMB, 60 * kMB});
  CHECK_FALSE(learn_costs({run}, WorkIs::jobs)->headroom);
}

TEST_CASE("a small build teaches nothing of a large one", "[learned]") {
  RunRecord run = build(1, 30);
  run.jobs.kinds[0].jobs = 4;
  CHECK_FALSE(learn_costs({run}, WorkIs::jobs));
  // Two of them are something.
  CHECK(learn_costs({run, run}, WorkIs::jobs));
  CHECK_FALSE(learn_costs({}, WorkIs::jobs));
  run.envelope.clear();
  CHECK_FALSE(learn_costs({run, run}, WorkIs::jobs));
  // A later build of nothing takes nothing back.
  RunRecord nothing = run_of(8, 2 * kMB);
  nothing.envelope = {{0, 2 * kMB}};
  const auto learned = learn_costs({build(8, 30), nothing}, WorkIs::jobs);
  CHECK(learned->costs.per_worker == Approx(30 * kMB));
}

TEST_CASE("the headroom covers what came as a surprise", "[learned]") {
  const auto learned = learn_costs({build(8, 30), build(8, 33)}, WorkIs::jobs);
  CHECK(learned->costs.per_worker == Approx(33 * kMB));
  CHECK(learned->headroom == 0.90);  // 266 / 242 MB
  // Less than in the first is no surprise.
  CHECK(learn_costs({build(8, 33), build(8, 30)}, WorkIs::jobs)->headroom ==
        0.95);
  // Twice as much is more than any headroom is for: what was declared holds.
  CHECK_FALSE(
      learn_costs({build(8, 30), build(8, 60)}, WorkIs::jobs)->headroom);
}

TEST_CASE("what was sampled keeps a tenth free", "[learned]") {
  RunRecord run = build(4, 30);
  run.certainty = Certainty::at_least;
  CHECK(learn_costs({run}, WorkIs::jobs)->headroom == 0.90);
}

TEST_CASE("one count of threads bounds", "[learned]") {
  const auto learned = learn_costs({run_of(4, 400 * kMB)}, WorkIs::counts);
  REQUIRE(learned);
  CHECK(learned->costs.fixed == 0);
  CHECK(learned->costs.per_worker == 100 * kMB);
  CHECK(learned->least_known == 4);
  CHECK_FALSE(learned->headroom);
  // One worker is as few as there are.
  CHECK(learn_costs({run_of(1, 400 * kMB)}, WorkIs::counts)->least_known == 0);
}

TEST_CASE("workers that were held did not all work", "[learned]") {
  RunRecord held = run_of(32, 400 * kMB);
  held.held = true;
  CHECK_FALSE(learn_costs({held}, WorkIs::counts));
  // Of jobs the envelope knows how many did.
  RunRecord jobs = build(4, 100);
  jobs.held = true;
  jobs.workers = 32;
  CHECK(learn_costs({jobs}, WorkIs::jobs)->costs.per_worker >= 100 * kMB);
}

TEST_CASE("two counts of threads give a line", "[learned]") {
  const auto learned =
      learn_costs({run_of(1, 150 * kMB), run_of(4, 450 * kMB)}, WorkIs::counts);
  CHECK(learned->costs.fixed == Approx(50 * kMB));
  CHECK(learned->costs.per_worker == Approx(100 * kMB));
  CHECK(learned->headroom == 0.95);
  CHECK(learned->least_known == 0);
  // Equal counts: the larger of both.
  const auto same =
      learn_costs({run_of(4, 400 * kMB), run_of(4, 440 * kMB)}, WorkIs::counts);
  CHECK(same->costs.at(4) == Approx(440 * kMB));
}

TEST_CASE("a run that failed or was over at once is none", "[learned]") {
  RunRecord failed = run_of(4, 400 * kMB);
  failed.wait_status = 256;
  CHECK_FALSE(learn_costs({failed}, WorkIs::counts));
  RunRecord shortest = run_of(4, 400 * kMB);
  shortest.certainty = Certainty::at_least;
  shortest.seconds = 0.9;
  CHECK_FALSE(learn_costs({shortest}, WorkIs::counts));
  RunRecord unseen = run_of(4, 0);
  unseen.peak.reset();
  CHECK_FALSE(learn_costs({unseen}, WorkIs::counts));
  // What the failed one took counts.
  const auto learned =
      learn_costs({run_of(4, 300 * kMB), failed}, WorkIs::counts);
  CHECK(learned->costs.at(4) == Approx(400 * kMB));
  CHECK(learned->runs == 1);
}

// The shapes of tests/bench/fit.py, by what their runs take.
TEST_CASE("no shape is charged less than it took", "[learned]") {
  const auto shape = GENERATE(
      +[](double n) { return 50 + 30 * n; }, +[](double n) { return 400 + n; },
      +[](double) { return 300.0; }, +[](double n) { return 40 * n; },
      +[](double n) { return 100 + 10 * n + 3 * n * n; },
      +[](double n) { return 100 + 100 * std::sqrt(n); },
      +[](double n) { return 300 - 10 * n; });
  std::vector<RunRecord> runs;
  for (const std::uint64_t n : {1, 4, 9}) {
    const double mb = shape(static_cast<double>(n));
    runs.push_back(run_of(n, static_cast<std::uint64_t>(mb) * kMB));
    const auto learned = learn_costs(runs, WorkIs::counts);
    REQUIRE(learned);
    for (const RunRecord& run : runs)
      CHECK(learned->costs.at(static_cast<double>(run.workers)) >=
            static_cast<double>(*run.peak) * 0.999999);
  }
}
