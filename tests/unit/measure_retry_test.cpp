#include <signal.h>

#include "catch.h"
#include "measure/retry.h"

using namespace fitrun;

namespace {

RunRecord ended(std::uint64_t workers, std::uint64_t kills,
                std::uint64_t available = 1000) {
  RunRecord record;
  record.workers = workers;
  record.oom_kills = kills;
  record.wait_status = kills > 0 ? SIGKILL : 0;
  record.available = available;
  return record;
}

enum class Counted { own_group, elsewhere };

RunOutcome outcome(int wait_status, std::uint64_t kills, Counted counted,
                   int asked_to_end = 0) {
  RunOutcome run;
  run.end.wait_status = wait_status;
  run.peak.oom_kills = kills;
  run.peak.kills_are_its_own = counted == Counted::own_group;
  run.asked_to_end = asked_to_end;
  return run;
}

}  // namespace

TEST_CASE("a kill in the run's own group is the run's", "[retry]") {
  // Workers were killed, and the command says that all is well.
  const RunOutcome run = outcome(0, 3, Counted::own_group);
  CHECK(killed_for_memory(run));
  CHECK(own_kills(run) == 3);
  CHECK_FALSE(killed_for_memory(outcome(SIGKILL, 0, Counted::own_group)));
}

TEST_CASE("a stranger's kill does not repeat a run that succeeded", "[retry]") {
  const RunOutcome run = outcome(0, 1, Counted::elsewhere);
  CHECK_FALSE(killed_for_memory(run));
  // Nor does the record make it the run's, or caps what comes after.
  CHECK_FALSE(own_kills(run).has_value());
  CHECK(killed_for_memory(outcome(SIGKILL, 1, Counted::elsewhere)));
  CHECK(own_kills(outcome(SIGKILL, 1, Counted::elsewhere)) == 1);
  CHECK(own_kills(outcome(0, 0, Counted::elsewhere)) == 0);
}

TEST_CASE("a run that was asked to end is not repeated", "[retry]") {
  CHECK_FALSE(
      killed_for_memory(outcome(SIGTERM, 2, Counted::own_group, SIGTERM)));
  CHECK_FALSE(
      killed_for_memory(outcome(SIGINT, 1, Counted::elsewhere, SIGINT)));
  // The kernel has killed in its group all the same.
  CHECK(own_kills(outcome(SIGTERM, 2, Counted::own_group, SIGTERM)) == 2);
  CHECK_FALSE(own_kills(outcome(SIGINT, 1, Counted::elsewhere, SIGINT)));
}

TEST_CASE("nobody counts: no kill is known", "[retry]") {
  RunOutcome run = outcome(SIGKILL, 0, Counted::elsewhere);
  run.peak.oom_kills.reset();
  CHECK_FALSE(killed_for_memory(run));
  CHECK_FALSE(own_kills(run));
}

TEST_CASE("two bounds are remembered for as much memory", "[retry]") {
  SECTION("nothing known") {
    const CountBounds none = bounds_of({}, 1000);
    CHECK(none.works == 0);
    CHECK(none.fails == 0);
  }
  SECTION("what worked below what failed") {
    const auto bounds =
        bounds_of({ended(8, 1), ended(2, 0), ended(4, 0), ended(6, 3)}, 1000);
    CHECK(bounds.works == 4);
    CHECK(bounds.fails == 6);
  }
  SECTION("a failure with less memory says nothing") {
    CHECK(bounds_of({ended(8, 1, 949)}, 1000).fails == 0);
    CHECK(bounds_of({ended(8, 1, 950)}, 1000).fails == 8);
    CHECK(bounds_of({ended(8, 1, 2000)}, 1000).fails == 8);
  }
  SECTION("an end that was not seen, or a failure of its own, says nothing") {
    RunRecord unseen = ended(4, 0);
    unseen.wait_status.reset();
    RunRecord failed = ended(4, 0);
    failed.wait_status = 256;
    CHECK(bounds_of({unseen, failed}, 1000).works == 0);
  }
  SECTION("of held jobs fewer ran than there were: no count is known") {
    RunRecord worked = ended(4, 0);
    RunRecord killed = ended(8, 1);
    worked.held = killed.held = true;
    CHECK(bounds_of({worked, killed}, 1000).works == 0);
    CHECK(bounds_of({worked, killed}, 1000).fails == 0);
    CHECK_FALSE(cap_of_kills({killed}, 1000));
    CHECK(cap_of_kills({worked, ended(8, 1)}, 1000)->workers == 4);
    worked.workers = 6;
    CHECK(cap_of_kills({worked, ended(8, 1)}, 1000)->workers == 4);
  }
}

TEST_CASE("a kill caps what comes after it", "[retry]") {
  const auto cap = [](std::vector<RunRecord> runs,
                      std::uint64_t available = 1000) {
    return cap_of_kills(runs, available);
  };
  CHECK_FALSE(cap({}));
  CHECK_FALSE(cap({ended(8, 0)}));
  SECTION("at half, or at what had worked") {
    CHECK(cap({ended(8, 1)})->workers == 4);
    CHECK(cap({ended(8, 1)})->killed == 8);
    CHECK(cap({ended(1, 1)})->workers == 1);
    CHECK(cap({ended(6, 0), ended(8, 1)})->workers == 6);
    CHECK(cap({ended(2, 0), ended(8, 1)})->workers == 4);
    CHECK(cap({ended(8, 1), ended(4, 1)})->workers == 2);
    CHECK(cap({ended(8, 1), ended(4, 1)})->killed == 4);
  }
  SECTION("with as much memory or a tenth more") {
    CHECK(cap({ended(8, 1, 1000)}, 1100));
    CHECK_FALSE(cap({ended(8, 1, 1000)}, 1101));
    CHECK(cap({ended(8, 1, 1000)}, 10));
  }
  SECTION("three clean runs lift it by one") {
    std::vector<RunRecord> runs{ended(4, 1)};
    const auto clean = [&](std::uint64_t count) {
      runs.push_back(ended(count, 0));
    };
    clean(2), clean(2);
    CHECK(cap(runs)->workers == 2);
    CHECK(cap(runs)->clean == 2);
    clean(1);  // fewer than allowed shows nothing
    CHECK(cap(runs)->workers == 2);
    RunRecord failed = ended(2, 0);
    failed.wait_status = 256;
    RunRecord uncounted = ended(2, 0);
    uncounted.oom_kills.reset();
    runs.insert(runs.end(), {failed, uncounted});
    CHECK(cap(runs)->workers == 2);
    clean(2);
    CHECK(cap(runs)->workers == 3);
    clean(3), clean(3), clean(3);
    CHECK(cap(runs)->workers == 4);
    // The count that was killed works now: there is nothing left to avoid.
    clean(4), clean(4), clean(4);
    CHECK_FALSE(cap(runs));
    runs.push_back(ended(4, 1));
    CHECK(cap(runs)->workers == 3);
  }
}

TEST_CASE("after a kill the workers are halved, down to one", "[retry]") {
  CountBounds bounds;
  CHECK(retry_count(8, bounds) == 4);
  CHECK(bounds.fails == 8);
  CHECK(retry_count(4, bounds) == 2);
  CHECK(retry_count(2, bounds) == 1);
  CHECK_FALSE(retry_count(1, bounds));
  CHECK(bounds.fails == 1);

  CountBounds known{5, 0};
  CHECK(retry_count(8, known) == 5);  // not 4: 5 has worked
  CHECK(retry_count(5, known) == 2);  // and does not any more
  CHECK(known.works == 0);
}
