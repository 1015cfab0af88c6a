#include "catch.h"
#include "plan/holding.h"
#include "plan/plan.h"

using namespace fitrun;

namespace {

constexpr double kGB = 1e9;

// 10 GB are available; make is to start 16 jobs of 2 GB.
struct Make {
  Target target;
  PoolPlan ram;

  Make() {
    target.tool.emplace();
    target.stage.pools.emplace_back();
    ram.reading.constraints.emplace_back();
    ram.reading.constraints.front().available = 10'000'000'000;
    ram.binding = ram.reading.constraints.front();
    ram.per_worker.bytes = 2 * kGB;
  }

  HoldPlan plan(std::uint64_t want = 16, std::uint64_t count = 3) const {
    return plan_holding(target, ram, want, count);
  }
};

}  // namespace

TEST_CASE("jobs are held where they do not fit at their bound", "[hold]") {
  Make make;
  const HoldPlan plan = make.plan();
  CHECK(plan.active);
  CHECK(plan.keeps_width());
  CHECK(plan.width == 16);
  CHECK(plan.cap == 9'000'000'000);
  CHECK(plan.bound == 2'000'000'000);
  CHECK_FALSE(plan.at_birth_only);
  // Four fit, by 9 GB and 2 a job.
  CHECK_FALSE(make.plan(4, 4).active);
  CHECK(make.plan(5, 5).active);
  // One job waits for nobody.
  CHECK_FALSE(make.plan(1, 1).active);
}

TEST_CASE("the bound of a job counts, and not what was learned", "[hold]") {
  Make make;
  make.ram.per_worker.bytes = .1 * kGB;
  CHECK_FALSE(make.plan(16, 16).active);
  make.target.job_bound = 2 * kGB;
  CHECK(make.plan(16, 16).active);
  CHECK(make.plan(16, 16).bound == 2'000'000'000);
}

TEST_CASE("a headroom that somebody said is kept while jobs are held",
          "[hold]") {
  Make make;
  make.ram.needs.headroom = {.5, "--headroom"};
  CHECK(make.plan().cap == 5'000'000'000);
  make.ram.needs.headroom = {.95, "learned from 3 runs, last 2026-11-25"};
  make.target.headroom_is_learned = true;
  CHECK(make.plan().cap == 9'000'000'000);
}

TEST_CASE("of the kinds of jobs that were seen some are known", "[hold]") {
  HoldPlan plan;
  CHECK(plan.known() == "none known yet");
  plan.kinds = {14, 14};
  CHECK(plan.known() == "14 kinds known");
  plan.kinds = {12, 14};
  CHECK(plan.known() == "12 of 14 kinds known");
  plan.kinds = {0, 1};
  CHECK(plan.known() == "0 of 1 kind known");
}

TEST_CASE("only what is a process of its own is held unasked", "[hold]") {
  Make make;
  make.target.tool->jobs = JobKind::workers;
  CHECK_FALSE(make.plan().active);
  make.target.stage.hold = {Hold::on, "--hold"};
  CHECK(make.plan().active);
  CHECK(make.plan().at_birth_only);
  make.target.tool->jobs = JobKind::threads;
  CHECK_FALSE(make.plan().active);
  // A command that is no tool: its user says that it starts jobs.
  make.target.tool.reset();
  CHECK(make.plan().active);
  make.target.stage.hold = {};
  CHECK_FALSE(make.plan().active);
}

TEST_CASE("who holds already is left to it", "[hold]") {
  Make make;
  make.target.held_outside = true;
  CHECK_FALSE(make.plan().active);
  CHECK(make.plan().keeps_width());
  make.target.stage.hold = {Hold::off, "--no-hold"};
  CHECK_FALSE(make.plan().keeps_width());
}

TEST_CASE("a stage that needs a GPU's memory too is not held", "[hold]") {
  Make make;
  make.target.stage.pools.emplace_back().pool = Pool::vram;
  CHECK_FALSE(make.plan().active);
  make.target.stage.pools.pop_back();
  make.ram.binding.available = 0;
  make.ram.reading.constraints.front().available = 0;
  CHECK_FALSE(make.plan().active);
}

TEST_CASE("a jobserver serves who is held, takes part, and has no other",
          "[hold][jobserver]") {
  Make make;
  make.target.tool->commands = {{"make"}};
  make.target.tool->count = {"-j"};
  make.target.tool->cpus = {""};
  make.target.tool->variables = {"MAKEFLAGS"};
  make.target.tool->jobserver = true;
  make.target.command = {"make", "-j16"};
  CHECK(make.plan().jobserver == Jobserver::none);
  make.target.jobserver = true;
  CHECK(make.plan().jobserver == Jobserver::pipes);
  CHECK(make.plan(4, 4).jobserver == Jobserver::none);
  const auto serves = [](Make other) {
    return other.plan().jobserver != Jobserver::none;
  };
  Make other = make;
  other.target.tool->jobserver = false;
  CHECK_FALSE(serves(other));
  other.target.tool->fifo_jobserver = "1.13";
  CHECK(other.plan().jobserver == Jobserver::fifo);
  // Any that is there already is enough, if it is not for this tool.
  other.target.inherited["MAKEFLAGS"] = " -j8 --jobserver-auth=3,4";
  CHECK_FALSE(serves(other));
  CHECK_FALSE(inherits_jobserver(other.target));
  other.target.inherited["MAKEFLAGS"] = " -j8 --jobserver-auth=fifo:/x";
  CHECK_FALSE(serves(other));
  CHECK(inherits_jobserver(other.target));
  other = make;
  other.target.as_is = true;
  CHECK_FALSE(serves(other));
  other = make;
  other.target.command = {"nice", "make", "-j16"};
  CHECK_FALSE(serves(other));
  other.target.command = {"make", "-j<threads>"};
  CHECK_FALSE(serves(other));
  other.target.command = {"make", "-j1x"};
  CHECK_FALSE(serves(other));
  other.target.command = {"/usr/bin/make"};
  CHECK(serves(other));
  other.target.inherited["MAKEFLAGS"] = "k -j8";
  CHECK(serves(other));
  other.target.inherited["MAKEFLAGS"] = " -j8 --jobserver-auth=3,4";
  CHECK_FALSE(serves(other));
}

TEST_CASE("under a jobserver make has no count of its own",
          "[hold][jobserver]") {
  Make make;
  make.target.tool->commands = {{"make"}};
  make.target.tool->count = {"-j"};
  make.target.inherited["MAKEFLAGS"] = "kn -- X=1";
  const Launch counted{8, {"make", "-kj8", "all"}, {}};
  const std::string auth = " -j8 --jobserver-auth=10,11";
  Launch served = under_jobserver(counted, make.target, auth);
  CHECK(served.command == std::vector<std::string>{"make", "-k", "all"});
  REQUIRE(served.changes.set.size() == 1);
  CHECK(served.changes.set[0].second == "kn -j8 --jobserver-auth=10,11 -- X=1");
  // What the stage adds is kept, and stands before.
  Launch injected = counted;
  injected.changes.set.emplace_back("MAKEFLAGS", "kn --no-print-directory");
  served = under_jobserver(injected, make.target, auth);
  CHECK(served.changes.set.back().second ==
        "kn --no-print-directory -j8 --jobserver-auth=10,11");
  make.target.inherited.clear();
  served = under_jobserver(counted, make.target, auth);
  CHECK(served.changes.set.back().second == auth);
}
