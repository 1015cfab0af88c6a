// What nested cgroups cost a launch: our own CPU time for asking a machine with
// 20 levels, each with limits and usage, above that for one with a single
// level. Prints both and fails above one millisecond.
//
// Usage: fitrun_bench_probe [RUNS]

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "probe/cpus.h"
#include "probe/pressure.h"
#include "probe/ram.h"
#include "probe/self.h"
#include "probe/worker_caps.h"

namespace fs = std::filesystem;

namespace {

constexpr double kMostMicroseconds = 1000;
constexpr int kLevels = 20;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

// As long as a real one, with what is looked for at its usual place.
std::string memory_stat() {
  std::string text = "anon 1073741824\nfile 2147483648\n";
  for (int i = 0; i < 20; ++i)
    text += "filler_" + std::to_string(i) + " 12345\n";
  text += "inactive_file 1073741824\nactive_file 536870912\n";
  text += "slab_reclaimable 268435456\n";
  for (int i = 0; i < 25; ++i)
    text += "other_" + std::to_string(i) + " 12345\n";
  return text;
}

void write_level(const fs::path& folder) {
  write(folder / "memory.max", "8589934592\n");
  write(folder / "memory.high", "7516192768\n");
  write(folder / "memory.current", "4294967296\n");
  write(folder / "memory.stat", memory_stat());
  write(folder / "cpu.max", "400000 100000\n");
  write(folder / "pids.max", "4096\n");
  write(folder / "pids.current", "100\n");
}

void write_machine(const fs::path& root, int levels) {
  write(root / "proc/meminfo",
        "MemTotal: 33554432 kB\nMemFree: 4194304 kB\n"
        "MemAvailable: 20971520 kB\n");
  write(root / "proc/self/status",
        "Pid:\t4242\nUid:\t1000\t1000\t1000\t1000\nCpus_allowed_list:\t0-7\n");
  write(root / "proc/self/mountinfo",
        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  std::string path;
  for (int i = 0; i < levels; ++i) {
    path += "/level" + std::to_string(i) + ".slice";
    write_level(root / ("sys/fs/cgroup" + path));
  }
  write(root / "proc/self/cgroup", "0::" + path + "\n");
}

double own_microseconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// All that a launch asks.
void ask(const std::string& root) {
  const fitrun::Host host(root);
  const fitrun::Environment environment(std::map<std::string, std::string>{});
  fitrun::probe::Self self(host, environment);
  const auto reading = fitrun::probe::ram(self);
  const auto cpus = fitrun::probe::cpus(self);
  const auto caps = fitrun::probe::worker_caps(self);
  fitrun::probe::pressure(self);
  if (reading.constraints.size() < 3 || cpus.value != 4 || caps.empty()) {
    std::fprintf(stderr, "the machine was not read\n");
    std::exit(1);
  }
}

// The best of several rounds, per run: what disturbs only ever adds.
double cost(const std::string& root, int runs) {
  constexpr int kRounds = 9;
  double least = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double start = own_microseconds();
    for (int i = 0; i < runs; ++i) ask(root);
    const double one = (own_microseconds() - start) / runs;
    if (round == 0 || one < least) least = one;
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 100;
  const fs::path root = fs::temp_directory_path() /
                        ("fitrun-bench-" + std::to_string(::getpid()));
  write_machine(root / "flat", 1);
  write_machine(root / "deep", kLevels);
  const double flat = cost((root / "flat").string(), runs);
  const double deep = cost((root / "deep").string(), runs);
  fs::remove_all(root);
  std::printf(
      "1 level: %.0f us, %d levels: %.0f us, difference %.0f us of own "
      "CPU time\n",
      flat, kLevels, deep, deep - flat);
#ifndef NDEBUG
  std::printf("SKIPPED: this is not an optimised build, so it is not judged\n");
  return 77;
#endif
  if (deep - flat <= kMostMicroseconds) return 0;
  std::fprintf(stderr, "more than %.0f us\n", kMostMicroseconds);
  return 1;
}
