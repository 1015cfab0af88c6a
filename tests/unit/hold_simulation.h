// A build of fake jobs on a machine of one memory, step by step: who starts,
// what each has, who is held. The jobs are those on which the rule was
// measured (an end of links that need everything, links among compilations,
// heavy jobs under a light one's name, slow growers).

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "hold/choose.h"
#include "hold/estimate.h"

struct FakeJob {
  std::string name;
  std::string kind;
  double mib = 0;
  double ramp = 0;  // seconds
  double rest = 0;  // seconds at its peak
};

enum class Shape { end, rand, tail, slow };

class Workload {
 public:
  Workload(Shape shape, unsigned seed) : rnd_(seed) {
    if (shape == Shape::slow) {
      add(first, 40, {"cc", 80, 100, 2, 3, .9});
      return;
    }
    add(first, shape == Shape::end ? 56 : 54, {"cc", 12, 32, .8, 2.2, .6});
    if (shape == Shape::end)
      add(then, 4, {"ld", 280, 320, 2, 3, .8});
    else if (shape == Shape::rand)
      add(first, 6, {"ld", 280, 320, 2, 3, .8});
    else
      add(first, 6, {"cc", 200, 300, 2, 3, .8});
    if (shape != Shape::end) std::shuffle(first.begin(), first.end(), rnd_);
  }

  std::vector<FakeJob> first;
  std::vector<FakeJob> then;  // once all of the first have ended

 private:
  struct Range {
    const char* kind;
    double least;  // MiB
    double most;
    double shortest;  // seconds
    double longest;
    double ramp;  // share of that time
  };
  void add(std::vector<FakeJob>& to, int count, const Range& range) {
    using Uniform = std::uniform_real_distribution<>;
    for (int i = 0; i < count; ++i) {
      const double t = Uniform(range.shortest, range.longest)(rnd_);
      to.push_back({range.kind + std::to_string(made_++), range.kind,
                    Uniform(range.least, range.most)(rnd_), t * range.ramp,
                    t * (1 - range.ramp)});
    }
  }
  std::mt19937 rnd_;
  int made_ = 0;
};

// The seconds of a scheduler without any overhead that knows every peak.
inline double packing(std::vector<FakeJob> jobs, double cap,
                      std::size_t most = 32) {
  std::sort(jobs.begin(), jobs.end(),
            [](const FakeJob& a, const FakeJob& b) { return a.mib > b.mib; });
  using End = std::pair<double, double>;  // when, what it frees
  std::priority_queue<End, std::vector<End>, std::greater<>> running;
  double time = 0;
  double used = 0;
  while (!jobs.empty() || !running.empty()) {
    for (std::size_t i = 0; i < jobs.size() && running.size() < most;) {
      const double mib = jobs[i].mib + 1.2;
      if (used + mib > cap) {
        ++i;
        continue;
      }
      used += mib;
      running.push({time + jobs[i].ramp + jobs[i].rest, mib});
      jobs.erase(jobs.begin() + static_cast<long>(i));
    }
    if (running.empty()) return std::numeric_limits<double>::infinity();
    time = running.top().first;
    used -= running.top().second;
    running.pop();
  }
  return time;
}

inline double packing(const Workload& work, double limit) {
  const double cap = limit * .95 - 8;
  return packing(work.first, cap) + packing(work.then, cap);
}

struct Simulated {
  double seconds = 0;
  int kills = 0;
  double peak = 0;  // MiB
};

struct SimulationSettings {
  double limit = 512;  // MiB
  std::size_t width = 32;
  bool holds = true;
  std::uint64_t bound = 0;  // bytes; 0: none
};

class Simulation {
 public:
  Simulation(const SimulationSettings& settings, fitrun::KnownPeaks known)
      : settings_(settings), known_(std::move(known)) {}

  Simulated run(const Workload& work) {
    run(work.first);
    run(work.then);
    return result_;
  }

 private:
  static constexpr double kStep = .005;
  static constexpr double kScan = .02;
  static constexpr double kBase = 8;  // MiB of make and its like
  static constexpr double kMib = 1 << 20;

  struct Running {
    const FakeJob* job = nullptr;
    double done = 0;  // seconds of work
    double born = 0;
    double stopped = -1;
    bool runs = true;
    double admitted = -1;
    double mib() const {
      const double share =
          job->ramp > 0 ? std::min(1.0, done / job->ramp) : 1.0;
      return job->mib * share + 1.2;
    }
  };

  void run(const std::vector<FakeJob>& queue) {
    std::size_t next = 0;
    std::vector<Running> live;
    double scan = time_;
    while (next < queue.size() || !live.empty()) {
      while (next < queue.size() && live.size() < settings_.width)
        live.push_back({&queue[next++], 0, time_, -1, true, -1});
      if (settings_.holds && time_ >= scan) {
        choose(live);
        scan = time_ + kScan;
      }
      time_ += kStep;
      step(live);
      if (time_ > 10'000) return;  // it never ends
    }
    result_.seconds = time_;
  }

  void step(std::vector<Running>& live) {
    double used = kBase;
    for (Running& r : live) {
      if (r.runs) r.done += kStep;
      used += r.mib();
    }
    result_.peak = std::max(result_.peak, used);
    if (used > settings_.limit) {
      const auto largest = std::max_element(
          live.begin(), live.end(),
          [](const Running& a, const Running& b) { return a.mib() < b.mib(); });
      live.erase(largest);
      ++result_.kills;
    }
    for (std::size_t i = 0; i < live.size();) {
      const FakeJob& job = *live[i].job;
      if (live[i].done < job.ramp + job.rest) {
        ++i;
        continue;
      }
      known_.learn(job.name, job.kind,
                   static_cast<std::uint64_t>(live[i].mib() * kMib));
      live.erase(live.begin() + static_cast<long>(i));
    }
  }

  void choose(std::vector<Running>& live) {
    using std::chrono::milliseconds;
    const auto ms = [](double seconds) {
      return milliseconds(static_cast<long>(seconds * 1e3));
    };
    fitrun::HoldRoom room;
    room.cap = static_cast<std::uint64_t>(settings_.limit * .95 * kMib);
    room.base = static_cast<std::uint64_t>(kBase * kMib);
    std::vector<fitrun::JobState> states;
    for (const Running& r : live) {
      const auto current = static_cast<std::uint64_t>(r.mib() * kMib);
      const fitrun::PeakEstimate e = known_.estimate(
          r.job->name, r.job->kind, current,
          settings_.bound ? std::optional(settings_.bound) : std::nullopt);
      states.push_back(
          {current, e.expected, e.most, e.exact, e.unknown, r.admitted >= 0,
           ms(time_ - r.born),
           r.admitted < 0 ? milliseconds(0) : ms(time_ - r.admitted),
           r.stopped < 0 ? milliseconds(0) : ms(time_ - r.stopped)});
    }
    const std::vector<bool> runs = fitrun::choose_running(room, states);
    for (std::size_t i = 0; i < live.size(); ++i) {
      Running& r = live[i];
      if (r.runs && !runs[i]) r.stopped = time_;
      if (runs[i]) r.stopped = -1;
      r.runs = runs[i];
      if (runs[i] && r.admitted < 0) r.admitted = time_;
    }
  }

  SimulationSettings settings_;
  fitrun::KnownPeaks known_;
  double time_ = 0;
  Simulated result_;
};
