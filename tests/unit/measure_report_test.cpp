#include <nlohmann/json.hpp>

#include "catch.h"
#include "measure/history.h"
#include "measure/plot.h"
#include "measure/progress.h"
#include "measure/render_report.h"
#include "measure/report.h"
#include "measure/report_json.h"

using namespace fitrun;
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Json = nlohmann::json;

namespace {

CostTerm size(std::uint64_t bytes) {
  return {Bytes{bytes}, "s.toml:1"};
}

// A pool with 1000 bytes available and declared costs of 100 + 90 n.
PoolPlan pool(Pool kind) {
  PoolPlan made;
  made.needs.pool = kind;
  made.needs.fixed = {size(100)};
  made.needs.per_worker = {size(90)};
  made.fixed = {100, {{100, "", ""}}};
  made.per_worker = {90, {{90, "", ""}}};
  made.reading.pool = kind;
  Constraint c;
  c.name = "test";
  c.available = 1000;
  made.binding = c;
  made.reading.constraints = {c};
  return made;
}

Plan plan(std::vector<PoolPlan> pools) {
  Plan made;
  made.label = "S";
  made.stage = "s.toml";
  made.want = {16, "default"};
  made.threads = 6;  // (700 - 100) / 90 = 6.7
  made.pools = std::move(pools);
  return made;
}

MeasuredRun run(std::uint64_t workers, std::uint64_t peak,
                const Input* input = nullptr) {
  MeasuredRun made;
  made.workers = workers;
  made.input = input;
  made.peak.bytes = peak;
  made.peak.certainty = Certainty::counted;
  made.peak.method = "a count";
  return made;
}

// 40 + 30 n, each count twice.
Measurement straight() {
  Measurement m;
  for (const std::uint64_t n : {1, 2, 4, 1, 2, 4})
    m.runs.push_back(run(n, 40 + 30 * n));
  return m;
}

MeasureReport report(const Plan& before, Measurement m) {
  return make_report(before, std::move(m)).value();
}

}  // namespace

TEST_CASE("a report has the costs and how many fit with them", "[report]") {
  const MeasureReport made = report(plan({pool(Pool::ram)}), straight());
  REQUIRE(made.pools.size() == 1);
  CHECK(made.pools[0].to_declare.fixed == Approx(40));
  CHECK(made.pools[0].to_declare.per_worker == Approx(30));
  CHECK(made.pools[0].declared->per_worker == 90);
  CHECK(made.pools[0].headroom == Approx(0.95));
  CHECK(made.pools[0].budget == Approx(950));
  CHECK(made.threads == 16);  // (950 - 40) / 30 = 30.3
  CHECK(made.threads_before == 6);
  CHECK(made.notes.empty());
  CHECK(edits_of(made).size() == 3);

  Plan capped = plan({pool(Pool::ram)});
  capped.caps.push_back({"rlimit.nproc", "", 12, 2, 10, ""});
  CHECK(report(capped, straight()).threads == 10);
}

TEST_CASE("a headroom that is not learned is the stage's own", "[report]") {
  PoolPlan half = pool(Pool::ram);
  half.needs.headroom = {0.5, "s.toml:2"};
  Measurement few = straight();
  few.runs.resize(3);
  const MeasureReport made = report(plan({half}), few);
  CHECK(made.pools[0].headroom == 0.5);
  CHECK(made.pools[0].learned.headroom.note ==
        "headroom stays at 0.5: 3 runs, at least 5 are needed");
}

TEST_CASE("a stage that declared nothing has nothing to compare with",
          "[report]") {
  PoolPlan bare = pool(Pool::ram);
  bare.needs.fixed.clear();
  bare.needs.per_worker.clear();
  const MeasureReport made = report(plan({bare}), straight());
  CHECK_FALSE(made.threads_before);
  CHECK_FALSE(made.pools[0].declared);
  CHECK_THAT(render_report(made, {}), !ContainsSubstring("as declared"));
}

TEST_CASE("GPU memory that nobody tells is left as it is", "[report]") {
  Measurement m = straight();
  const Plan both = plan({pool(Pool::ram), pool(Pool::vram)});
  const MeasureReport blind = report(both, m);
  CHECK(blind.pools[1].learned.samples.empty());
  CHECK(blind.pools[1].proposal.edits.empty());
  CHECK(blind.threads == 6);  // as declared
  REQUIRE(blind.notes.size() == 1);
  CHECK_THAT(blind.notes[0], ContainsSubstring("VRAM: nobody tells"));

  // 10 + 60 n in each GPU.
  for (MeasuredRun& r : m.runs) r.peak.vram = 10 + 60 * r.workers;
  const MeasureReport seen = report(both, m);
  CHECK(seen.pools[1].to_declare.fixed == Approx(10));
  CHECK(seen.pools[1].to_declare.per_worker == Approx(60));
  // What is looked at now and then is trusted less: 900, (900 - 10) / 60.
  CHECK(seen.pools[1].headroom == Approx(0.90));
  CHECK(seen.threads == 14);
}

TEST_CASE("inputs of different sizes teach the factor", "[report]") {
  const Input small{"a", 100}, large{"b", 200};
  PoolPlan with_file = pool(Pool::ram);
  FileCost file;
  file.parse_factor = 2;
  with_file.needs.fixed = {{file, "s.toml:1"}};
  with_file.fixed = {200, {{200, "", ""}}};  // a file of 100 now
  Measurement m;
  for (const Input* const input : {&small, &large})
    for (const std::uint64_t n : {1, 2})
      // 20 + 3 * input + 50 n
      m.runs.push_back(
          run(n, 20 + 3 * static_cast<std::uint64_t>(input->bytes) + 50 * n,
              input));
  const MeasureReport made = report(plan({with_file}), m);
  REQUIRE(made.pools[0].factor);
  CHECK(made.pools[0].factor->factor == Approx(3));
  CHECK(made.pools[0].to_declare.fixed == Approx(320));  // 20 + 3 * 100
  CHECK(made.pools[0].to_declare.per_worker == Approx(50));
  CHECK(describe_edit(made.pools[0].proposal.edits.at(0), with_file.needs) ==
        "ram.fixed.parse_factor = 3");
  CHECK(Json::parse(report_json(made))["pools"][0]["parse_factor"] ==
        Approx(3));
  CHECK_THAT(render_report(made, {}), ContainsSubstring("parse_factor"));

  SECTION("but not where no cost, or both, name a file") {
    CHECK_THAT(report(plan({pool(Pool::ram)}), m).notes.at(0),
               ContainsSubstring("no cost names a file"));
    with_file.needs.per_worker = with_file.needs.fixed;
    CHECK_THAT(report(plan({with_file}), m).notes.at(0),
               ContainsSubstring("both costs name a file"));
  }
}

TEST_CASE("what is not a line is said, with the bound to declare", "[report]") {
  Measurement m;
  for (const std::uint64_t n : {1, 2, 4, 8, 1, 2, 4, 8})
    m.runs.push_back(run(n, 100 + 400 / n));
  const MeasureReport made = report(plan({pool(Pool::ram)}), m);
  for (const MeasuredRun& r : m.runs) {
    CHECK(made.pools[0].to_declare.at(static_cast<double>(r.workers)) >=
          static_cast<double>(r.peak.bytes));
  }
  const std::string text = render_report(made, {});
  CHECK_THAT(text, ContainsSubstring("not a line: each further worker adds "
                                     "less"));
  CHECK_THAT(text, ContainsSubstring("the bound that covers every run"));
  CHECK(Json::parse(report_json(made))["pools"][0]["shape"] == "split_work");
  CHECK(made.pools[0].headroom == 0.7);
}

TEST_CASE("a report of no runs is why there are none", "[report]") {
  Measurement m;
  m.stopped = "interrupted";
  const auto made = make_report(plan({pool(Pool::ram)}), m);
  REQUIRE_FALSE(made);
  CHECK(made.error().message == "interrupted");
}

TEST_CASE("the table has each run against the line", "[report]") {
  Measurement m = straight();
  m.runs[5].peak.bytes = 164;  // 160 on the line
  const std::string text =
      render_report(report(plan({pool(Pool::ram)}), m), {});
  CHECK_THAT(text, ContainsSubstring("S: 6 runs, with 1, 2, 4 workers\n"));
  CHECK_THAT(text,
             ContainsSubstring("               4       164 B       160 B     "
                               "+2.5%\n"));
  CHECK_THAT(text, ContainsSubstring("by a count\n"));
  CHECK_THAT(text, ContainsSubstring("With these costs 16 of 16 workers fit; "
                                     "as declared, 6.\n"));
}

TEST_CASE("edits are named as in the descriptor", "[report]") {
  PoolNeeds needs;
  needs.fixed = {size(1), {FileCost{}, "s.toml:2"}};
  CHECK(describe_edit({Pool::ram, EditedKey::fixed, 0, 1e9}, needs) ==
        "ram.fixed[0] = \"1000MB\"");
  CHECK(describe_edit({Pool::ram, EditedKey::fixed, 1, 2.5}, needs) ==
        "ram.fixed[1].parse_factor = 2.5");
  CHECK(describe_edit({Pool::vram, EditedKey::headroom, 0, 0.93}, needs) ==
        "vram.headroom = 0.93");
}

TEST_CASE("progress says which run, how long, how much", "[progress]") {
  const Input input{"pages.json", 1};
  MeasureProgress progress;
  progress.run = 3;
  progress.request = {4, nullptr};
  progress.elapsed = std::chrono::milliseconds(12'300);
  progress.bytes = 1'200'000'000;
  CHECK(live_line(progress) == "run 3, 4 workers: 12 s, 1.2 GB now");
  progress.of = 6;
  progress.request = {1, &input};
  progress.elapsed = std::chrono::milliseconds(200'000);
  RunOutcome outcome;
  outcome.peak.bytes = 1'300'000'000;
  progress.outcome = &outcome;
  CHECK(done_line(progress) ==
        "run 3 of 6, 1 worker, pages.json: 1.3 GB in 3 min 20 s");
  outcome.peak.oom_kills = 1;
  outcome.peak.oom_where = "memory.events";
  outcome.peak.vram = 2'000'000'000;
  CHECK(done_line(progress) ==
        "run 3 of 6, 1 worker, pages.json: 1.3 GB and 2.0 GB VRAM in 3 min 20 "
        "s, killed for lack of memory (memory.events)");
}

TEST_CASE("progress says what is left", "[progress]") {
  const RunOutcome outcome;
  MeasureProgress progress;
  progress.bytes = 1'000'000;
  progress.rest = 7;
  CHECK(live_line(progress) == "run 1, 1 worker: 0.0 s, 1 MB now");
  progress.left = std::chrono::minutes(4);
  CHECK(live_line(progress) ==
        "run 1, 1 worker: 0.0 s, 1 MB now, up to 4 min 0 s left");
  progress.outcome = &outcome;
  CHECK(done_line(progress) ==
        "run 1, 1 worker: 0 B in 0.0 s; up to 7 more runs, up to 4 min 0 s");
  progress.of = 2;
  progress.rest = 1;
  progress.left = std::chrono::hours(3);
  CHECK(done_line(progress) ==
        "run 1 of 2, 1 worker: 0 B in 0.0 s; 1 more run, about 3 h 0 min");
  progress.outcome = nullptr;
  CHECK_THAT(live_line(progress), ContainsSubstring("about 3 h 0 min left"));
  progress.rest = 0;
  progress.outcome = &outcome;
  CHECK(done_line(progress) == "run 1 of 2, 1 worker: 0 B in 0.0 s");
}

TEST_CASE("no zero has a sign, and no r2 explains nothing", "[report]") {
  Measurement m = straight();
  for (MeasuredRun& one : m.runs) one.peak.bytes = 1'000'000;
  m.runs[1].peak.bytes = 999'900;  // 0.01 % below the line
  m.runs[2].peak.bytes = 1'000'100;
  const std::string text =
      render_report(report(plan({pool(Pool::ram)}), m), {});
  CHECK_THAT(text, ContainsSubstring("+0.0%"));
  CHECK_THAT(text, !ContainsSubstring("-0.0%"));
  CHECK_THAT(text, !ContainsSubstring("r2"));
  CHECK_THAT(text, ContainsSubstring("more workers do not cost more memory"));
  const std::string rising =
      render_report(report(plan({pool(Pool::ram)}), straight()), {});
  CHECK_THAT(rising, ContainsSubstring("1.0000  r2"));
}

TEST_CASE("a worker that may cost nothing is not declared", "[report]") {
  Measurement m = straight();
  // 1, 2 and 4 workers, twice: the middle one is as far off as the rise.
  for (std::size_t i = 0; i < m.runs.size(); ++i)
    m.runs[i].peak.bytes = 1000 + (i % 2 == 0 ? 0 : 30) + i % 3;
  const MeasureReport found = report(plan({pool(Pool::ram)}), m);
  REQUIRE(found.pools[0].learned.regression.per_worker_range);
  CHECK(found.pools[0].learned.regression.per_worker_range->low == 0);
  CHECK(edits_of(found).empty());
  CHECK_THAT(doubt_of(found), ContainsSubstring("lies between 0 B and"));
  CHECK_THAT(report_json(found), ContainsSubstring("\"doubt\": \"RAM: what a"));
  // Flat without a doubt is as little use.
  for (MeasuredRun& r : m.runs) r.peak.bytes = 1000;
  CHECK(edits_of(report(plan({pool(Pool::ram)}), m)).empty());
  CHECK(doubt_of(report(plan({pool(Pool::ram)}), straight())).empty());
}

TEST_CASE("the history is a table of what was declared and taken",
          "[history]") {
  RunRecord r;
  r.time = "2026-01-31T12:00:00Z";
  r.stage = "/s.toml";
  r.workers = 4;
  r.per_worker = 250e6;
  r.peak = 1'300'000'000;
  r.seconds = 2.25;
  CHECK(excess_line(r, "the run") ==
        "the run took 1.3 GB, 30 % more than declared (1.0 GB with 4 "
        "workers); fitrun measure learns the costs");
  r.oom_kills = 2;
  r.wait_status = 3 << 8;
  const std::string table = render_history({r}, true);
  CHECK_THAT(table, ContainsSubstring("2026-01-31 12:00:00Z        4      1.0 "
                                      "GB      >= 1.3 GB    +30%       2.2  "
                                      "out of memory, status 3  /s.toml\n"));
  r.certainty = Certainty::counted;
  r.peak = 1'050'000'000;
  r.oom_kills = 0;
  r.wait_status = 0;
  CHECK(excess_line(r, "the run").empty());
  CHECK_THAT(render_history({r}, false),
             ContainsSubstring("   1.1 GB     +5%       2.2  ok\n"));
  CHECK(Json::parse(history_json({r, r})).size() == 2);
  CHECK(Json::parse(history_json({})).empty());
}
