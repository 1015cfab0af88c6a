#include <random>

#include "catch.h"
#include "measure/envelope.h"
#include "measure/job_peaks.h"

using namespace fitrun;

namespace {

using Points = std::vector<EnvelopePoint>;

SeenProcess process(pid_t pid, pid_t parent, std::vector<std::string> argv,
                    std::uint64_t bytes, std::uint64_t start = 7) {
  return {{pid, start}, parent, std::move(argv), bytes};
}

void look(JobWatch& watch, const std::vector<SeenProcess>& tree) {
  watch.look(tree, jobs_in(tree, 1));
}

}  // namespace

TEST_CASE("an envelope has the most for each number of jobs", "[envelope]") {
  Envelope envelope;
  envelope.add(2, 50);
  envelope.add(1, 30);
  envelope.add(2, 60);
  envelope.add(0, 5);
  CHECK(envelope.points() == Points{{0, 5}, {1, 30}, {2, 60}});
  // Of many the corners of the hull are enough.
  Envelope large;
  for (std::uint64_t jobs = 0; jobs <= 1000; ++jobs)
    large.add(jobs, 10 + 20 * jobs);
  CHECK(large.points() == Points{{0, 10}, {1000, 20010}});
}

TEST_CASE("the hull lies above all points and never falls", "[envelope]") {
  CHECK(hull_of({}).empty());
  CHECK(hull_of({{3, 7}}) == Points{{3, 7}});
  // Few jobs are seen while the others are still small.
  CHECK(hull_of({{0, 0}, {1, 30}, {2, 40}, {3, 61}, {6, 180}}) ==
        Points{{0, 0}, {6, 180}});
  // A large one alone: with more it may come again.
  CHECK(hull_of({{1, 300}, {2, 40}, {8, 200}}) == Points{{1, 300}, {8, 300}});
  CHECK(height_at({{1, 10}, {3, 30}}, 2) == 20);
  CHECK(height_at({{1, 10}, {3, 30}}, 9) == 30);
  CHECK(height_at({{1, 10}, {3, 30}}, 0) == 10);
  CHECK(height_at({}, 1) == 0);

  std::mt19937 dice(1);
  for (int round = 0; round < 200; ++round) {
    Points points;
    for (unsigned i = 0; i < 1 + dice() % 20; ++i)
      points.push_back({dice() % 12, dice() % 1000});
    const Points hull = hull_of(points);
    for (const EnvelopePoint& point : points)
      CHECK(height_at(hull, static_cast<double>(point.jobs)) >=
            static_cast<double>(point.bytes) - 1e-6);
    for (std::size_t i = 1; i < hull.size(); ++i)
      CHECK(hull[i].bytes >= hull[i - 1].bytes);
  }
}

TEST_CASE("jobs are followed to their ends", "[envelope]") {
  JobWatch watch("/p");
  const auto make = process(1, 0, {"make"}, 1);
  const auto job = [](std::uint64_t bytes) {
    return process(2, 1, {"g++", "-c", "/p/a.cpp"}, bytes);
  };
  // Before its exec it has the words of its parent's shell.
  look(watch, {make, process(2, 1, {"sh", "-c", "g++ -c /p/a.cpp"}, 1)});
  look(watch, {make, job(50)});
  look(watch, {make, job(40), process(3, 1, {"true"}, 9)});
  // The pid is another's now, and the one of a single look is gone.
  look(watch, {make, process(2, 1, {"ld", "x.o"}, 70, 8)});
  look(watch, {make, process(2, 1, {"ld", "x.o"}, 60, 8)});
  const JobPeaks peaks = watch.peaks();
  CHECK(peaks.largest ==
        std::vector<JobPeak>{{"ld x.o", 70}, {"g++ -c a.cpp", 50}});
  CHECK(peaks.kinds ==
        std::vector<KindPeaks>{{"ld", 1, 70, 70}, {"g++ -c", 1, 50, 50}});
}

TEST_CASE("of many jobs the largest are kept", "[envelope]") {
  JobWatch watch("");
  const auto make = process(1, 0, {"make"}, 1);
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    const std::vector<SeenProcess> tree{
        make, process(2, 1, {"cc", "-c", std::to_string(i)}, i, i)};
    look(watch, tree);
    look(watch, tree);
  }
  const JobPeaks peaks = watch.peaks();
  REQUIRE(peaks.largest.size() == kMostJobPeaks);
  CHECK(peaks.largest.front() == JobPeak{"cc -c 3000", 3000});
  CHECK(peaks.largest.back().bytes == 3000 - kMostJobPeaks + 1);
  CHECK(peaks.kinds == std::vector<KindPeaks>{{"cc -c", 3000, 1500, 3000}});
}
