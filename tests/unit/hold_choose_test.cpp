#include <cmath>
#include <random>

#include "catch.h"
#include "hold/choose.h"
#include "hold/peaks_text.h"
#include "hold_simulation.h"

using namespace fitrun;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kMib = 1U << 20;

JobState newborn(std::uint64_t expected, bool exact = true) {
  JobState job;
  job.current = kMib;
  job.expected = job.most = expected * kMib;
  job.exact = exact;
  return job;
}

JobState grown(std::uint64_t current, std::uint64_t expected) {
  JobState job = newborn(expected);
  job.current = current * kMib;
  job.admitted = true;
  return job;
}

HoldRoom room(std::uint64_t cap, std::uint64_t base = 0) {
  return {cap * kMib, base * kMib, milliseconds(2000)};
}

std::vector<FakeJob> all_of(const Workload& work) {
  std::vector<FakeJob> all = work.first;
  all.insert(all.end(), work.then.begin(), work.then.end());
  return all;
}

KnownPeaks peaks_of(const Workload& work) {
  KnownPeaks known;
  for (const FakeJob& job : all_of(work)) {
    known.learn(job.name, job.kind,
                static_cast<std::uint64_t>((job.mib + 1.2) * kMib));
  }
  return known;
}

// How long builds take in parts of the packing, in the geometric mean; none of
// their jobs is killed. `known` gives the bound that is declared for a job (0:
// none) and the peaks of earlier builds.
template <typename Known>
double mean_of_builds(const Known& known) {
  double log_sum = 0;
  int cases = 0;
  for (const Shape shape :
       {Shape::end, Shape::rand, Shape::tail, Shape::slow}) {
    for (const double limit : {512.0, 1024.0}) {
      for (const unsigned seed : {1U, 2U, 3U}) {
        const Workload work(shape, seed);
        const auto [bound, peaks] = known(shape, work);
        Simulation simulation({limit, 32, true, bound}, peaks);
        const Simulated got = simulation.run(work);
        const double ratio = got.seconds / packing(work, limit);
        INFO("shape " << int(shape) << " limit " << limit << " seed " << seed
                      << " ratio " << ratio << " peak " << got.peak);
        CHECK(got.kills == 0);
        log_sum += std::log(ratio);
        ++cases;
      }
    }
  }
  return std::exp(log_sum / cases);
}

}  // namespace

TEST_CASE("newborn jobs run as far as their peaks fit", "[hold]") {
  CHECK(choose_running(room(100), {newborn(40), newborn(40), newborn(40)}) ==
        std::vector<bool>{true, true, false});
  // A small one passes a large one that is held.
  CHECK(choose_running(room(100), {newborn(80), newborn(60), newborn(15)}) ==
        std::vector<bool>{true, false, true});
  // What is no job's is not theirs.
  CHECK(choose_running(room(100, 50), {newborn(40), newborn(40)}) ==
        std::vector<bool>{true, false});
}

TEST_CASE("a job always runs, whatever the cap", "[hold]") {
  CHECK(choose_running(room(100), {}).empty());
  CHECK(choose_running(room(10), {newborn(300), newborn(200)}) ==
        std::vector<bool>{false, true});
  CHECK(choose_running(room(0, 10), {grown(50, 60), newborn(2)}) ==
        std::vector<bool>{true, false});
  // What has nothing left to grow costs nothing, and ends the sooner.
  CHECK(choose_running(room(0, 10), {grown(50, 60), grown(5, 5)}) ==
        std::vector<bool>{false, true});
}

TEST_CASE("the jobs with least left to grow go first", "[hold]") {
  // 100 of 120 are used: 20 are left for the first, then nobody fits.
  CHECK(choose_running(room(120), {grown(50, 90), grown(50, 70)}) ==
        std::vector<bool>{false, true});
}

TEST_CASE("half-grown jobs end one after the other within the cap", "[hold]") {
  // Sixteen that all grow at once, stopped with 472 of 520 in use: by age
  // nobody could end.
  std::vector<JobState> jobs;
  for (std::uint64_t i = 0; i < 16; ++i)
    jobs.push_back(grown(22 + i, 80 + i % 5 * 5));
  while (!jobs.empty()) {
    const std::vector<bool> runs = choose_running(room(520), jobs);
    std::uint64_t used = 0;
    std::size_t first = jobs.size();  // of those that run, to end
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (runs[i]) jobs[i].current = jobs[i].expected;
      used += jobs[i].current;
      if (runs[i] && first == jobs.size()) first = i;
    }
    REQUIRE(first < jobs.size());
    REQUIRE(used <= 520 * kMib);
    jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

TEST_CASE("newborns leave room for who has waited too long", "[hold]") {
  JobState older = grown(20, 20);
  older.admitted_for = milliseconds(3000);
  JobState late = newborn(90);
  late.age = late.held = milliseconds(2001);
  // Once the older one has ended, 90 and 10 fit beside each other.
  CHECK(choose_running(room(100), {older, late, newborn(10)}) ==
        std::vector<bool>{true, false, true});
  CHECK(choose_running(room(100), {older, late, newborn(11)}) ==
        std::vector<bool>{true, false, false});
  CHECK(choose_running(room(100), {older, late, newborn(5), newborn(7)}) ==
        std::vector<bool>{true, false, true, false});
  // Who has passed it before has taken of that room.
  JobState passed = grown(5, 5);
  passed.admitted_for = milliseconds(2000);
  CHECK(choose_running(room(100), {older, late, passed, newborn(6)}) ==
        std::vector<bool>{true, false, true, false});
  CHECK(choose_running(room(100), {older, late, passed, newborn(5)}) ==
        std::vector<bool>{true, false, true, true});
  late.held = milliseconds(1999);
  CHECK(choose_running(room(100), {older, late, newborn(11)}) ==
        std::vector<bool>{true, false, true});
  // Its turn comes once nobody runs, although another grows less.
  late = newborn(900);
  late.age = late.held = milliseconds(2001);
  CHECK(choose_running(room(100), {late, newborn(10)}) ==
        std::vector<bool>{true, false});
  // The same holds where it was half-grown when it was stopped.
  JobState half = grown(30, 90);
  half.held = milliseconds(2001);
  older = grown(40, 50);
  older.admitted_for = milliseconds(3000);
  CHECK(choose_running(room(100), {older, half, newborn(10)}) ==
        std::vector<bool>{true, false, true});
  CHECK(choose_running(room(100), {older, half, newborn(11)}) ==
        std::vector<bool>{true, false, false});
}

TEST_CASE("of what nobody knows one runs at a time", "[hold]") {
  JobState unknown = newborn(2, false);
  unknown.unknown = true;
  CHECK(choose_running(room(1000), {unknown, unknown, newborn(5)}) ==
        std::vector<bool>{true, false, true});
}

TEST_CASE("where peaks are guessed, all can always finish", "[hold]") {
  JobState guessed = newborn(20, false);
  guessed.most = 70 * kMib;
  // By their means four would fit; one of them may need 50 more.
  CHECK(choose_running(room(100), {guessed, guessed, guessed, guessed}) ==
        std::vector<bool>{true, true, false, false});
  // One at its most can end, and gives the others what it has.
  JobState heavy = grown(30, 70);
  heavy.exact = false;
  CHECK(choose_running(room(100), {heavy, guessed, guessed}) ==
        std::vector<bool>{true, true, false});
}

TEST_CASE("no choice stands still or passes the cap by true peaks", "[hold]") {
  std::mt19937 rnd(20261125);
  const auto upto = [&](std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(0, most)(rnd);
  };
  for (int round = 0; round < 20'000; ++round) {
    HoldRoom space{upto(1000), upto(100), milliseconds(upto(100))};
    std::vector<JobState> jobs(1 + upto(12));
    std::uint64_t used = space.base;
    for (JobState& job : jobs) {
      job.current = upto(60);
      job.expected = job.current + upto(200);
      job.most = job.expected + (upto(1) ? upto(100) : 0);
      job.exact = upto(1) != 0;
      job.unknown = upto(9) == 0;
      job.admitted = upto(1) != 0;
      job.admitted_for = milliseconds(upto(300));
      job.age = milliseconds(upto(5000));
      job.held = milliseconds(upto(200));
      used += job.current;
    }
    const std::vector<bool> runs = choose_running(space, jobs);
    REQUIRE(runs.size() == jobs.size());
    std::size_t running = 0;
    std::uint64_t growth = 0;
    std::uint64_t least = UINT64_MAX;  // of an admitted one: it always runs
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!runs[i]) continue;
      ++running;
      growth += jobs[i].expected - jobs[i].current;
      if (jobs[i].admitted)
        least = std::min(least, jobs[i].expected - jobs[i].current);
    }
    const std::uint64_t room_left = used < space.cap ? space.cap - used : 0;
    INFO("room for " << room_left << ", growth " << growth);
    REQUIRE(running > 0);
    REQUIRE((running == 1 || growth <= room_left || growth == least));
  }
}

TEST_CASE("known peaks pack a build nearly as well as can be", "[hold]") {
  const double mean = mean_of_builds([](Shape, const Workload& work) {
    return std::pair<std::uint64_t, KnownPeaks>(0, peaks_of(work));
  });
  INFO("geometric mean " << mean);
  CHECK(mean <= 1.2);
  CHECK(mean >= 0.95);  // or the packing is not what it says
}

TEST_CASE("a declared bound alone keeps a build alive", "[hold]") {
  const double mean = mean_of_builds([](Shape shape, const Workload&) {
    return std::pair((shape == Shape::slow ? 102 : 322) * kMib, KnownPeaks());
  });
  INFO("geometric mean " << mean);
  CHECK(mean <= 1.45);
}

TEST_CASE("without holding the same builds are killed", "[hold]") {
  for (const Shape shape : {Shape::end, Shape::rand, Shape::tail, Shape::slow})
    CHECK(Simulation({512, 32, false, 0}, {}).run(Workload(shape, 1)).kills >
          0);
}

TEST_CASE("the largest of a job's last three peaks is expected", "[hold]") {
  KnownPeaks known;
  for (const std::uint64_t peak : {900, 300, 200, 100})
    known.learn("cc a", "cc", peak * kMib);
  CHECK(known.estimate("cc a", "cc", 0, {}).expected == 315 * kMib);
  CHECK(known.estimate("cc a", "cc", 0, {}).exact);
  // Another of its kind: what half of them took, then half of those that it
  // has not outgrown (by a fifth and 4 MiB: 200 by 244).
  CHECK(known.estimate("cc b", "cc", 0, {}).expected == 300 * kMib);
  CHECK(known.estimate("cc b", "cc", 244 * kMib, {}).expected == 300 * kMib);
  CHECK(known.estimate("cc b", "cc", 245 * kMib, {}).expected == 900 * kMib);
  // One that has outgrown all will grow on, to the bound where there is one.
  CHECK(known.estimate("cc b", "cc", 1200 * kMib, {}).expected == 1500 * kMib);
  CHECK(known.estimate("cc b", "cc", 1200 * kMib, 1300 * kMib).expected ==
        1300 * kMib);
  CHECK(known.estimate("cc b", "cc", 0, {}).most == 900 * kMib);
  // What has outgrown its own peak is like one that was not known.
  CHECK_FALSE(known.estimate("cc a", "cc", 316 * kMib, {}).exact);
  CHECK(known.estimate("ld", "ld", 0, 50 * kMib).expected == 50 * kMib);
  CHECK(known.estimate("ld", "ld", 0, {}).unknown);
}

TEST_CASE("where looks come late, own peaks get twice the margin", "[hold]") {
  KnownPeaks known;
  known.learn("cc a", "cc", 300 * kMib);
  known.learn("cc b", "cc", 700 * kMib);
  OwnMargin margin;
  OwnMargin::Clock::time_point now{};
  const auto expected = [&](const char* key, milliseconds since_last,
                            std::uint64_t current = 0) {
    now += since_last;
    margin.look(now);
    return known.estimate(key, "cc", current, {}, margin.factor()).expected;
  };
  // The first look is not late, nor is one 50 ms after it; then 100 are.
  CHECK(expected("cc a", milliseconds(7000)) == 315 * kMib);
  CHECK(expected("cc a", milliseconds(150)) == 315 * kMib);
  CHECK(expected("cc a", milliseconds(151)) == 330 * kMib);
  // It has not outgrown its own peak before that; the kind's stays as it is.
  CHECK(expected("cc a", milliseconds(50), 329 * kMib) == 330 * kMib);
  CHECK(expected("cc c", milliseconds(50)) == 700 * kMib);
  // Ten seconds after that look they are in time again.
  for (int looks = 0; looks < 99; ++looks) expected("cc a", milliseconds(100));
  CHECK(expected("cc a", milliseconds(0)) == 330 * kMib);
  CHECK(expected("cc a", milliseconds(1)) == 315 * kMib);
}

TEST_CASE("peaks survive as a text", "[hold]") {
  KnownPeaks known;
  known.learn("g++ -c a.cpp", "g++ -c", 5 * kMib, 20'000);
  known.learn("g++ -c b.cpp", "g++ -c", 7 * kMib, 20'001);
  known.learn("ld", "", 9 * kMib, 20'001);
  const ParsedPeaks parsed = parse_peaks(format_peaks(known), 20'002);
  CHECK(parsed.damaged == 0);
  CHECK(parsed.known.jobs().size() == 3);
  CHECK(parsed.known.estimate("g++ -c b.cpp", "g++ -c", 0, {}).most ==
        known.estimate("g++ -c b.cpp", "g++ -c", 0, {}).most);
  CHECK(parsed.known.kinds() == 2);
  // After 90 days they are of another program.
  CHECK(parse_peaks(format_peaks(known), 20'091).known.jobs().size() == 2);
  const ParsedPeaks odd = parse_peaks(
      "fitrun-jobs 1\nkind x\nrubbish\n0123456789abcdef 1 2 3\n"
      "0123456789abcdeg 1 2 3 4\n0123456789abcdef 1 2 3 -4\n",
      1);
  CHECK(odd.damaged == 4);
  CHECK(odd.known.jobs().empty());
  CHECK(parse_peaks("fitrun-jobs 2\n", 1).newer);
  CHECK(parse_peaks("{}", 1).damaged == 1);
  CHECK(parse_peaks("", 1).damaged == 0);
}
