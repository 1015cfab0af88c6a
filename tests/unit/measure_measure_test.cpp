#include "measure/measure.h"

#include <signal.h>

#include <thread>

#include "catch.h"
#include "measure/propose.h"
#include "measure/same_work.h"

using namespace fitrun;
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;

namespace {

using Counts = std::vector<std::uint64_t>;

// A stage of 100 + 50 n bytes, told as if it had run.
struct Stand {
  double fixed = 100, per_worker = 50;
  std::uint64_t killed_from = 1000;  // workers
  std::uint64_t fails_from = 1000;
  bool can_hold = false;
  // Like make: whatever is built stays built.
  std::optional<RunOutcome> later;
  Counts ran;
  std::vector<const Input*> inputs;
  std::optional<std::uint64_t> held_to;  // of the last run that was

  Result<RunOutcome> operator()(const RunRequest& request) {
    RunOutcome outcome;
    outcome.refused = request.at_most && !can_hold;
    if (outcome.refused) return outcome;
    if (request.at_most) held_to = request.at_most;
    ran.push_back(request.workers);
    if (later && ran.size() > 1) return *later;
    inputs.push_back(request.input);
    outcome.peak.bytes = static_cast<std::uint64_t>(
        fixed + per_worker * static_cast<double>(request.workers));
    outcome.peak.certainty = Certainty::counted;
    outcome.peak.oom_kills = request.workers >= killed_from ? 2 : 0;
    if (request.workers >= killed_from) outcome.end.wait_status = SIGKILL;
    if (request.workers >= fails_from) outcome.end.wait_status = 3 << 8;
    return outcome;
  }
};

Measurement run(Stand& stand, const MeasureWishes& wishes) {
  return measure(wishes, [&](const RunRequest& request, const auto& seen) {
    seen(7);
    return stand(request);
  });
}

Counts measured(const Measurement& m) {
  Counts counts;
  for (const MeasuredRun& r : m.runs) counts.push_back(r.workers);
  return counts;
}

CostTerm size(std::uint64_t bytes) {
  return {Bytes{bytes}, "x.toml:1"};
}

CostTerm file(double parse_factor) {
  FileCost cost;
  cost.parse_factor = parse_factor;
  return {cost, "x.toml:1"};
}

CostSum sum_of(std::initializer_list<double> items) {
  CostSum sum;
  for (const double bytes : items) {
    sum.bytes += bytes;
    sum.items.push_back({bytes, "", ""});
  }
  return sum;
}

}  // namespace

TEST_CASE("counts double, up to what is wanted", "[measure]") {
  Stand stand;
  MeasureWishes wishes;
  wishes.repeat = 1;
  wishes.limits = {7, 1e9, std::nullopt};
  CHECK(measured(run(stand, wishes)) == Counts{1, 2, 4, 7});
  wishes.limits.most = 1;
  CHECK(measured(run(stand, wishes)) == Counts{1});
}

TEST_CASE("no count is tried that is expected not to fit", "[measure]") {
  MeasureWishes wishes;
  wishes.repeat = 1;
  SECTION("by the line, once two counts have run") {
    // 100 + 50 n <= 0.9 * 500: n <= 7
    Stand stand;
    wishes.limits = {64, 500, std::nullopt};
    CHECK(measured(run(stand, wishes)) == Counts{1, 2, 4, 7});
  }
  SECTION("before that, as if all were the workers'") {
    // One run of 150: two are expected at 300 > 0.9 * 320.
    Stand stand;
    wishes.limits = {64, 320, std::nullopt};
    CHECK(measured(run(stand, wishes)) == Counts{1});
  }
  SECTION("or as declared, where that is less") {
    // 150 + 60 = 210 <= 288; then 100 + 50 n <= 288: n <= 3
    Stand stand;
    wishes.limits = {64, 320, Costs{90, 60}};
    CHECK(measured(run(stand, wishes)) == Counts{1, 2, 3});
  }
}

TEST_CASE("two workers are tried where the kernel holds the run", "[measure]") {
  // One run of 150 of 300: two are expected at 300 and take 200.
  Stand stand;
  stand.can_hold = true;
  MeasureWishes wishes;
  wishes.repeat = 2;
  wishes.limits = {64, 300, std::nullopt};
  SECTION("and the line is known from then on") {
    // 100 + 50 n <= 270: n <= 3, and the second round is as any other.
    std::size_t held = 0;
    const Measurement m =
        measure(wishes, [&](const RunRequest& request, const auto&) {
          held += request.at_most.has_value();
          return stand(request);
        });
    CHECK(measured(m) == Counts{1, 2, 3, 1, 2, 3});
    CHECK(stand.held_to == 270);
    CHECK(held == 1);
    CHECK(m.notes.empty());
  }
  SECTION("one that is killed there does not count") {
    stand.killed_from = 2;
    const Measurement m = run(stand, wishes);
    CHECK(measured(m) == Counts{1, 1});
    CHECK(stand.ran == Counts{1, 2, 1});
    CHECK(m.stopped.empty());
    REQUIRE(m.notes.size() == 1);
    CHECK_THAT(m.notes[0], ContainsSubstring("held to"));
  }
  SECTION("nor one that fails there, as where a fork does") {
    stand.fails_from = 2;
    const Measurement m = run(stand, wishes);
    CHECK(measured(m) == Counts{1, 1});
    CHECK(m.stopped.empty());
  }
  SECTION("not where it cannot be held") {
    stand.can_hold = false;
    std::vector<std::size_t> started;
    wishes.progress = [&](const MeasureProgress& p) {
      if (p.outcome) started.push_back(p.run);
    };
    CHECK(measured(run(stand, wishes)) == Counts{1, 1});
    CHECK(started == std::vector<std::size_t>{1, 2});
  }
  SECTION("nor where one is too many already, or two not wanted") {
    wishes.limits.available = 160;
    CHECK(measured(run(stand, wishes)) == Counts{1, 1});
    wishes.limits = {1, 300, std::nullopt};
    CHECK(measured(run(stand, wishes)) == Counts{1, 1});
    CHECK_FALSE(stand.held_to);
  }
}

TEST_CASE("rounds repeat the counts of the first", "[measure]") {
  Stand stand;
  MeasureWishes wishes;
  wishes.repeat = 2;
  wishes.limits = {4, 1e9, std::nullopt};
  std::vector<std::optional<std::size_t>> of;
  std::vector<std::size_t> started;
  wishes.progress = [&](const MeasureProgress& p) {
    if (p.bytes == 7 && !p.outcome) of.push_back(p.of);
    if (p.outcome) started.push_back(p.run);
  };
  CHECK(measured(run(stand, wishes)) == Counts{1, 2, 4, 1, 2, 4});
  REQUIRE(of.size() == 6);
  CHECK_FALSE(of[2]);  // the counts are still open
  CHECK(of[3] == 6);
  CHECK(started == std::vector<std::size_t>{1, 2, 3, 4, 5, 6});

  stand.ran.clear();
  wishes.counts = {8, 3};
  CHECK(measured(run(stand, wishes)) == Counts{8, 3, 8, 3});
}

TEST_CASE("by itself it runs often enough to learn the headroom", "[measure]") {
  Stand stand;
  MeasureWishes wishes;
  wishes.counts = {1, 2};
  CHECK(run(stand, wishes).runs.size() == 6);
  wishes.counts = {1, 2, 4, 8};
  CHECK(run(stand, wishes).runs.size() == 8);
  wishes.counts = {4};
  CHECK(run(stand, wishes).runs.size() == 2);
}

TEST_CASE("the GPU's memory bounds the counts, too", "[measure]") {
  MeasureWishes wishes;
  wishes.repeat = 1;
  wishes.limits = {64, 1e9, std::nullopt};
  // 20 + 10 n <= 0.9 * 100: n <= 7
  wishes.vram_limits = CountLimits{64, 100, std::nullopt};
  Stand stand;
  const auto with_vram = [&](const RunRequest& request, const auto&) {
    auto outcome = stand(request);
    (*outcome).peak.vram = 20 + 10 * request.workers;
    return outcome;
  };
  CHECK(measured(measure(wishes, with_vram)) == Counts{1, 2, 4, 7});
  // Where nobody tells, the RAM alone does: 100 + 50 n <= 0.9 * 500
  wishes.limits.available = 500;
  CHECK(measured(run(stand, wishes)) == Counts{1, 2, 4, 7});
}

TEST_CASE("every input is run at every count", "[measure]") {
  Stand stand;
  MeasureWishes wishes;
  wishes.repeat = 1;
  wishes.inputs = {{"a", 10}, {"b", 30}};
  wishes.limits = {2, 1e9, std::nullopt};
  const Measurement m = run(stand, wishes);
  CHECK(measured(m) == Counts{1, 2, 1, 2});
  REQUIRE(stand.inputs.size() == 4);
  CHECK(stand.inputs[1]->path == "a");
  CHECK(stand.inputs[2]->path == "b");
  const auto samples = input_samples(m);
  REQUIRE(samples.size() == 4);
  CHECK(samples[3].input == 30);
  CHECK(samples[3].workers == 2);
  CHECK(samples[3].peak == 200);
  CHECK(learn(m).samples.size() == 2);  // of the first input alone
}

TEST_CASE("a run that was killed for memory bounds the counts", "[measure]") {
  Stand stand;
  stand.killed_from = 4;
  MeasureWishes wishes;
  wishes.repeat = 2;
  SECTION("found while it goes") {
    wishes.limits = {16, 1e9, std::nullopt};
    const Measurement m = run(stand, wishes);
    CHECK(measured(m) == Counts{1, 2, 1, 2});
    CHECK(stand.ran == Counts{1, 2, 4, 1, 2});
    REQUIRE(m.notes.size() == 1);
    CHECK_THAT(m.notes[0], ContainsSubstring("with 4 workers the kernel"));
    CHECK(m.stopped.empty());
  }
  SECTION("given") {
    wishes.counts = {1, 4, 8};
    CHECK(measured(run(stand, wishes)) == Counts{1, 1});
    CHECK(stand.ran == Counts{1, 4, 1});
  }
}

TEST_CASE("a run that fails ends the measurement", "[measure]") {
  Stand stand;
  stand.fails_from = 2;
  MeasureWishes wishes;
  wishes.limits = {16, 1e9, std::nullopt};
  const Measurement failed = run(stand, wishes);
  CHECK(measured(failed) == Counts{1});
  CHECK(failed.stopped == "the run with 2 workers ended with status 3");
  REQUIRE(failed.last);
  CHECK(failed.last->end.wait_status == 3 << 8);

  const Measurement no_start =
      measure(wishes, [](const RunRequest&, const auto&) {
        return Result<RunOutcome>(Error{"fork: no"});
      });
  CHECK(no_start.stopped == "fork: no");

  const Measurement interrupted =
      measure(wishes, [&](const RunRequest& request, const auto&) {
        RunOutcome outcome = stand(request).value();
        outcome.asked_to_end = SIGINT;
        outcome.end.wait_status = 0;  // the command has taken it calmly
        return Result<RunOutcome>(outcome);
      });
  CHECK(interrupted.stopped == "interrupted");
  CHECK(interrupted.runs.empty());
}

TEST_CASE("what was sampled gets a lower ceiling", "[measure]") {
  Stand stand;
  MeasureWishes wishes;
  wishes.limits = {4, 1e9, std::nullopt};
  Measurement m = run(stand, wishes);
  const Learned counted = learn(m);
  CHECK(counted.regression.line.fixed == Approx(100));
  CHECK(counted.regression.line.per_worker == Approx(50));
  CHECK(counted.headroom.value == Approx(0.95));
  m.runs[2].peak.certainty = Certainty::at_least;
  CHECK(learn(m).headroom.value == Approx(0.90));
}

TEST_CASE("learned costs are put into the terms that are there", "[propose]") {
  const auto values = [](const Proposal& p) {
    std::vector<std::pair<std::size_t, double>> out;
    for (const NumberEdit& edit : p.edits)
      out.push_back({edit.term, edit.value});
    return out;
  };
  using Values = std::vector<std::pair<std::size_t, double>>;
  const auto fixed = [&](const Cost& cost, const CostSum& sum, double bytes) {
    return propose_cost(Pool::ram, EditedKey::fixed, cost, sum, bytes);
  };
  CHECK(values(fixed({}, {}, 64)) == Values{{0, 64}});
  CHECK(values(fixed({}, {}, 0)).empty());
  CHECK(values(fixed({size(10)}, sum_of({10}), 64)) == Values{{0, 64}});
  // Sizes keep their proportion: 1 to 3.
  CHECK(values(fixed({size(10), size(30)}, sum_of({10, 30}), 80)) ==
        Values{{0, 20}, {1, 60}});
  CHECK(values(fixed({size(0), size(0)}, sum_of({0, 0}), 80)) ==
        Values{{0, 40}, {1, 40}});
  // A file of 100 at 6 = 600, beside 64: 764 - 64 = 700, so 7.
  CHECK(values(fixed({size(64), file(6)}, sum_of({64, 600}), 764)) ==
        Values{{1, 7}});
  // Two files keep the ratio of their factors: 200 and 100 become 400 and 200.
  CHECK(values(fixed({file(2), file(1)}, sum_of({200, 100}), 600)) ==
        Values{{0, 4}, {1, 2}});
  const Proposal less = fixed({size(64), file(6)}, sum_of({64, 600}), 50);
  CHECK(values(less) == Values{{1, 0}});
  REQUIRE(less.notes.size() == 1);
  CHECK_THAT(less.notes[0], ContainsSubstring("ram.fixed: the sizes declared"));
  const Proposal absent = fixed({file(6)}, sum_of({0}), 50);
  CHECK(values(absent).empty());
  CHECK_THAT(absent.notes.at(0), ContainsSubstring("no size now"));
}

TEST_CASE("a proposal has both costs and the headroom", "[propose]") {
  Stand stand;
  MeasureWishes wishes;
  wishes.limits = {4, 1e9, std::nullopt};
  const Measurement m = run(stand, wishes);
  PoolNeeds needs;
  needs.per_worker = {size(10)};
  const Proposal p = propose(needs, {}, sum_of({10}), learn(m));
  REQUIRE(p.edits.size() == 3);
  CHECK(p.edits[0].key == EditedKey::fixed);
  CHECK(p.edits[0].value == Approx(100));
  CHECK(p.edits[1].key == EditedKey::per_worker);
  CHECK(p.edits[1].value == Approx(50));
  CHECK(p.edits[2].key == EditedKey::headroom);
  CHECK(p.edits[2].value == Approx(0.95));

  wishes.repeat = 1;
  const Proposal few =
      propose(needs, {}, sum_of({10}), learn(run(stand, wishes)));
  CHECK(few.edits.size() == 2);
  CHECK_THAT(few.notes.at(0), ContainsSubstring("headroom stays at 0.7"));
}

TEST_CASE("a factor from several inputs leaves the sizes to the rest",
          "[propose]") {
  FactorFit fit;
  fit.factor = 5;
  fit.fixed = 80;
  fit.per_worker = 40;
  fit.covering = 1.1;
  PoolNeeds needs;
  needs.fixed = {size(10), file(6), size(30)};
  needs.per_worker = {size(1)};
  const Proposal p = propose_factor(needs, FactorIn::fixed, fit);
  REQUIRE(p.edits.size() == 4);
  CHECK(p.edits[0].term == 1);
  CHECK(p.edits[0].value == Approx(5.5));
  CHECK(p.edits[1].term == 0);
  CHECK(p.edits[1].value == Approx(22));
  CHECK(p.edits[2].term == 2);
  CHECK(p.edits[2].value == Approx(66));
  CHECK(p.edits[3].key == EditedKey::per_worker);
  CHECK(p.edits[3].value == Approx(44));

  needs.fixed = {file(6)};
  needs.per_worker = {};
  const Proposal alone = propose_factor(needs, FactorIn::fixed, fit);
  REQUIRE(alone.edits.size() == 2);
  CHECK(alone.edits[0].value == Approx(5.5));
  CHECK(alone.edits[1].key == EditedKey::per_worker);
  CHECK_THAT(alone.notes.at(0), ContainsSubstring("add a size beside it"));
}

namespace {

MeasuredRun one_run(std::uint64_t workers, std::uint64_t mib,
                    std::chrono::milliseconds elapsed) {
  MeasuredRun made;
  made.workers = workers;
  made.peak.bytes = mib << 20;
  made.elapsed = elapsed;
  return made;
}

bool same(const MeasuredRun& first, const MeasuredRun& other) {
  return other_work(first, other, 2).empty();
}

}  // namespace

TEST_CASE("a run that does nothing is told from one that does", "[measure]") {
  using std::chrono::milliseconds;
  const MeasuredRun first = one_run(1, 300, milliseconds(12'000));
  CHECK(
      other_work(first, one_run(2, 3, milliseconds(4)), 2) ==
      "run 2, with 2 workers, took 0.0 s and 3 MB where the first, with 1, "
      "took 12 s and 315 MB: it did not do the same work, so that nothing can "
      "be learned from it; what a run leaves behind can be undone before each "
      "by --prepare COMMAND (make clean)");
  // Either is enough.
  CHECK_FALSE(same(first, one_run(1, 300, milliseconds(1'100))));
  CHECK_FALSE(same(first, one_run(1, 140, milliseconds(12'000))));
  // A cold cache, a lucky run.
  CHECK(same(first, one_run(1, 300, milliseconds(1'300))));
  CHECK(same(first, one_run(1, 160, milliseconds(12'000))));
  // Eight share the work: an eighth of the time is what is expected.
  CHECK(same(first, one_run(8, 310, milliseconds(1'500))));
  CHECK(same(first, one_run(8, 310, milliseconds(200))));
  CHECK_FALSE(same(first, one_run(8, 310, milliseconds(100))));
  // From many to few: each worker may bring its memory.
  const MeasuredRun eight = one_run(8, 800, milliseconds(2'000));
  CHECK(same(eight, one_run(1, 100, milliseconds(2'000))));
  CHECK_FALSE(same(eight, one_run(1, 40, milliseconds(2'000))));
  // What the measuring itself makes: no work can be seen in so little.
  CHECK(same(one_run(1, 4, milliseconds(400)), one_run(1, 1, milliseconds(1))));
}

TEST_CASE("a run that does nothing ends the measurement", "[measure]") {
  Stand stand;
  stand.per_worker = 300e6;
  stand.later.emplace();
  stand.later->peak.bytes = 3'000'000;
  MeasureWishes wishes;
  wishes.limits.most = 4;
  wishes.limits.available = 1e12;
  const Measurement m = run(stand, wishes);
  CHECK(stand.ran == Counts{1, 2});
  CHECK(measured(m) == Counts{1});
  CHECK_THAT(m.stopped, ContainsSubstring("did not do the same work"));
  CHECK_FALSE(m.last);
  // Inputs are not compared with each other.
  Stand other;
  other.per_worker = 300e6;
  other.later.emplace(*stand.later);
  const Input small{"small", 1}, large{"large", 2};
  MeasureWishes two;
  two.counts = {1};
  two.repeat = 1;
  two.inputs = {large, small};
  CHECK(run(other, two).stopped.empty());
}

TEST_CASE("each run is prepared, and a failure there ends it", "[measure]") {
  Stand stand;
  MeasureWishes wishes;
  wishes.counts = {1, 2};
  wishes.repeat = 1;
  Counts prepared;
  RunOutcome end;
  wishes.prepare = [&](const RunRequest& request) -> Result<RunOutcome> {
    CHECK(stand.ran.size() == prepared.size());
    prepared.push_back(request.workers);
    return prepared.size() < 2 ? RunOutcome{} : end;
  };
  CHECK(run(stand, wishes).stopped.empty());
  CHECK(prepared == Counts{1, 2});

  end.end.wait_status = 3 << 8;
  stand.ran.clear();
  prepared.clear();
  const Measurement failed = run(stand, wishes);
  CHECK(failed.stopped ==
        "the command of --prepare ended with status 3, before run 2");
  CHECK(measured(failed) == Counts{1});
  CHECK_FALSE(failed.last);  // its status is not the command's

  end.end.wait_status = SIGINT;
  end.asked_to_end = SIGINT;
  stand.ran.clear();
  prepared.clear();
  const Measurement asked = run(stand, wishes);
  REQUIRE(asked.last);
  CHECK(asked.last->asked_to_end == SIGINT);
}

TEST_CASE("after the first run it is known how many follow", "[measure]") {
  Stand stand;
  const auto rests = [&](MeasureWishes wishes) {
    std::vector<std::size_t> found;
    wishes.progress = [&](const MeasureProgress& progress) {
      if (progress.outcome) found.push_back(progress.rest);
    };
    run(stand, wishes);
    return found;
  };
  MeasureWishes wishes;
  wishes.limits.available = 1e9;
  wishes.limits.most = 3;
  CHECK(rests(wishes) == std::vector<std::size_t>{5, 4, 3, 2, 1, 0});
  stand.fails_from = 2;  // one that failed is the last
  CHECK(rests(wishes) == std::vector<std::size_t>{5, 0});
  stand.fails_from = Stand().fails_from;
  wishes.limits.most = 8;  // 1, 2, 4, 8, each twice
  CHECK(rests(wishes).front() == 7);
  wishes.repeat = 3;
  CHECK(rests(wishes).front() == 11);
  wishes.counts = {2};
  wishes.repeat = 1;
  CHECK(rests(wishes) == std::vector<std::size_t>{0});
}

TEST_CASE("what is left is told by the runs before", "[measure]") {
  using std::chrono::milliseconds;
  Stand stand;
  MeasureWishes wishes;
  wishes.counts = {1};
  wishes.repeat = 4;
  wishes.prepare = [](const RunRequest&) -> Result<RunOutcome> {
    std::this_thread::sleep_for(milliseconds(20));
    return RunOutcome();
  };
  std::vector<std::optional<milliseconds>> running, ended;
  wishes.progress = [&](const MeasureProgress& progress) {
    (progress.outcome ? ended : running).push_back(progress.left);
  };
  run(stand, wishes);
  REQUIRE(running.size() >= 4);
  CHECK_FALSE(running.front());
  REQUIRE(ended.size() == 4);
  CHECK(ended[0].value() >= milliseconds(60));  // three more of 20 ms
  CHECK(ended[3].value() == milliseconds(0));
  CHECK(running.back());
}
