// Measures what a wrapper costs: the wall time from posix_spawn to the end of
// `true`, bare and behind each wrapper, in rounds that start each one once, so
// that a busy moment of the machine hits all alike.
//
// launch ROUNDS FITRUN STAGE

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

struct Subject {
  std::vector<std::string> words;
  std::vector<double> times;  // microseconds
};

double microseconds_of(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  pid_t pid = 0;
  int status = 0;
  if (posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) !=
          0 ||
      waitpid(pid, &status, 0) != pid || status != 0) {
    std::fprintf(stderr, "launch: %s does not work here\n", argv[0]);
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
  const int rounds = argc == 4 ? std::atoi(argv[1]) : 0;
  if (rounds < 1) {
    std::fprintf(stderr, "usage: launch ROUNDS FITRUN STAGE\n");
    return 2;
  }
  std::vector<Subject> subjects{
      {{"true"}, {}},
      {{"nice", "true"}, {}},
      {{"env", "true"}, {}},
      {{argv[2], "-q", argv[3], "--", "true"}, {}},
  };
  for (int round = -10; round < rounds; ++round) {  // 10 to fill the caches
    for (Subject& subject : subjects) {
      const double time = microseconds_of(subject.words);
      if (round >= 0) subject.times.push_back(time);
    }
  }
  for (Subject& subject : subjects)
    std::sort(subject.times.begin(), subject.times.end());
  const double bare = quantile(subjects[0].times, 0.5);
  const double nice = quantile(subjects[1].times, 0.5);
  std::printf("%d rounds, microseconds of wall time\n\n", rounds);
  std::printf("%-24s %7s %7s %7s %7s %8s %8s\n", "", "lowest", "25 %", "median",
              "75 %", "x true", "x nice");
  const char* const names[] = {"true", "nice true", "env true",
                               "fitrun -q STAGE -- true"};
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const std::vector<double>& times = subjects[i].times;
    const double median = quantile(times, 0.5);
    std::printf("%-24s %7.0f %7.0f %7.0f %7.0f %8.2f %8.2f\n", names[i],
                times.front(), quantile(times, 0.25), median,
                quantile(times, 0.75), median / bare, median / nice);
  }
}
