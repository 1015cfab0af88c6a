// Measures what a wrapper costs: the wall time from posix_spawn to the end of
// `true`, bare and behind each wrapper, in rounds that start each one once, so
// that a busy moment of the machine hits all alike; in an order that changes,
// so that none profits from the caches that its forerunner leaves.
//
// launch ROUNDS FITRUN STAGE MAKE
//
// MAKE is a program of that name that does nothing, whatever it is told: `true`
// reads the files of the locale once it has an argument. Its runs are recorded
// in $FITRUN_STATE.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

struct Subject {
  const char* name;
  std::vector<std::string> words;
  bool leases = true;
  bool knows_runs = true;
  std::vector<double> times{};  // microseconds
};

double microseconds_of(const Subject& subject, const std::string& state) {
  std::vector<char*> argv;
  argv.reserve(subject.words.size() + 1);
  for (const std::string& word : subject.words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  if (subject.leases)
    ::unsetenv("FITRUN_LEASES");
  else
    ::setenv("FITRUN_LEASES", "off", 1);
  ::setenv("FITRUN_STATE", state.c_str(), 1);
  const auto start = std::chrono::steady_clock::now();
  pid_t pid = 0;
  int status = 0;
  if (posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) !=
          0 ||
      waitpid(pid, &status, 0) != pid || status != 0) {
    std::fprintf(stderr, "launch: %s does not work here\n", subject.name);
    std::exit(1);
  }
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now() - start)
      .count();
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(
      share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc == 5 ? std::atoi(argv[1]) : 0;
  if (rounds < 1) {
    std::fprintf(stderr, "usage: launch ROUNDS FITRUN STAGE MAKE\n");
    return 2;
  }
  const std::vector<std::string> launch{argv[2], "-q", argv[3], "--", "true"};
  std::vector<Subject> subjects{
      {"true", {"true"}},
      {"nice true", {"nice", "true"}},
      {"env true", {"env", "true"}},
      {"fitrun -q STAGE -- true", launch},
      {"... with FITRUN_LEASES=off", launch, false},
      // A tool, whose runs are recorded.
      {"fitrun -q make, first", {argv[2], "-q", argv[4]}, true, false},
      {"... later", {argv[2], "-q", argv[4]}},
  };
  const char* const given = std::getenv("FITRUN_STATE");
  const std::string state = given ? given : "";
  std::vector<Subject*> order;
  for (Subject& subject : subjects) order.push_back(&subject);
  std::minstd_rand random;
  for (int round = -10; round < rounds; ++round) {  // 10 to fill the caches
    std::shuffle(order.begin(), order.end(), random);
    for (Subject* const subject : order) {
      const std::string none = state + "/" + std::to_string(round + 10);
      const double time =
          microseconds_of(*subject, subject->knows_runs ? state : none);
      if (round >= 0) subject->times.push_back(time);
    }
  }
  for (Subject& subject : subjects)
    std::sort(subject.times.begin(), subject.times.end());
  const double bare = quantile(subjects[0].times, 0.5);
  const double nice = quantile(subjects[1].times, 0.5);
  std::printf("%d rounds, microseconds of wall time\n\n", rounds);
  std::printf("%-26s %7s %7s %7s %7s %8s %8s\n", "", "lowest", "25 %", "median",
              "75 %", "x true", "x nice");
  for (const Subject& subject : subjects) {
    const std::vector<double>& times = subject.times;
    const double median = quantile(times, 0.5);
    std::printf("%-26s %7.0f %7.0f %7.0f %7.0f %8.2f %8.2f\n", subject.name,
                times.front(), quantile(times, 0.25), median,
                quantile(times, 0.75), median / bare, median / nice);
  }
}
