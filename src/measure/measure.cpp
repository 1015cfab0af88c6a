#include "measure/measure.h"

#include <sys/wait.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "measure/same_work.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;

// A run may take this share of what is available.
constexpr double kSafe = 0.9;
// With fewer the headroom cannot be learned (fit/headroom.cpp).
constexpr std::size_t kUsualRuns = 6;

// What a run with `workers` will take, as far as can be said: by the line
// through the runs, by the declared costs, or as if all of one run's memory
// were its workers'.
double expected_peak(const std::vector<Sample>& so_far,
                     const CountLimits& limits, double workers) {
  if (so_far.empty()) return limits.declared ? limits.declared->at(workers) : 0;
  const Regression regression = regress(so_far);
  const double measured = costs_to_declare(regression).at(workers);
  if (regression.shape != Shape::too_few || !limits.declared) return measured;
  double largest = 0;
  for (const Sample& sample : so_far) largest = std::max(largest, sample.peak);
  // One count: the workers are as large as declared, or as measured.
  return std::min(measured, largest + limits.declared->per_worker *
                                          (workers - so_far.front().workers));
}

std::string died_of_memory(std::uint64_t workers, const PeakReading& peak) {
  return fmt::format(
      "with {} the kernel killed for lack of memory ({}): that run does not "
      "count, and no larger one is tried",
      counted(workers, "worker"), peak.oom_where);
}

std::string did_not_fit(const RunRequest& request) {
  return fmt::format(
      "with {} the run did not fit in the {} that it was held to: it does not "
      "count",
      counted(request.workers, "worker"), format_bytes(*request.at_most));
}

// `what` ended; empty where it ended well.
std::string how_it_ended(const RunOutcome& outcome, const std::string& what) {
  const int status = outcome.end.wait_status;
  if (outcome.end.exec_error != 0) return "the command could not be started";
  if (WIFSIGNALED(status))
    return fmt::format("{} was killed by signal {}", what, WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    return fmt::format("{} ended with status {}", what, WEXITSTATUS(status));
  if (outcome.asked_to_end != 0) return "interrupted";
  return "";
}

// The rounds of one measurement.
class Rounds {
 public:
  Rounds(const MeasureWishes& wishes, const RunOnce& run_once)
      : wishes_(wishes), run_once_(run_once) {
    for (const Input& input : wishes.inputs) inputs_.push_back(&input);
    if (inputs_.empty()) inputs_.push_back(nullptr);
    if (!wishes.counts.empty()) {
      counts_ = wishes.counts;
      of_ = total();
    }
  }

  Measurement run() {
    if (counts_.empty())
      first_round();
    else
      one_round();
    for (std::size_t i = 1; i < rounds() && !over(); ++i) one_round();
    return std::move(result_);
  }

 private:
  std::size_t total() const { return total(counts_.size()); }

  std::size_t total(std::size_t counts) const {
    return counts * inputs_.size() * rounds(counts);
  }

  std::size_t rounds() const { return rounds(counts_.size()); }

  std::size_t rounds(std::size_t counts) const {
    if (wishes_.repeat > 0) return wishes_.repeat;
    // One count teaches nothing by being run more often.
    const std::size_t a_round = counts * inputs_.size();
    if (a_round < 2) return 2;
    return std::max<std::size_t>(2, (kUsualRuns + a_round - 1) / a_round);
  }

  // Of all runs: where the counts are still open, as if every one fitted.
  std::size_t most_runs() const {
    if (of_) return *of_;
    std::size_t counts = 1;
    for (std::uint64_t count = 1; count < wishes_.limits.most; count *= 2)
      ++counts;
    return total(counts);
  }

  bool over() const { return !result_.stopped.empty(); }

  std::optional<std::uint64_t> next_of_all_pools() const {
    auto next = next_count(learn(result_, Pool::ram).samples, wishes_.limits);
    if (!next || !wishes_.vram_limits) return next;
    const auto samples = learn(result_, Pool::vram).samples;
    // Where nobody tells what the GPU's memory holds, it cannot say more.
    if (samples.empty() && !result_.runs.empty()) return next;
    const auto by_vram = next_count(samples, *wishes_.vram_limits);
    if (!by_vram) return std::nullopt;
    return std::min(*next, *by_vram);
  }

  // Whether the run counts.
  bool try_count(const RunRequest& request) {
    const std::size_t before = result_.runs.size();
    run_one(request);
    if (over() || result_.runs.size() == before) return false;
    counts_.push_back(request.workers);
    return true;
  }

  void climb() {
    while (const auto count = next_of_all_pools())
      if (!try_count({*count, inputs_[0]})) return;
  }

  // Two workers, where they fit if enough of the one run is fixed: see
  // measure.h.
  std::optional<RunRequest> dare() const {
    if (over() || too_many_ || counts_ != std::vector<std::uint64_t>{1})
      return std::nullopt;
    const double safe = wishes_.limits.available * kSafe;
    const auto peak = static_cast<double>(result_.runs.front().peak.bytes);
    if (wishes_.limits.most < 2 || !(peak < safe) || !std::isfinite(safe))
      return std::nullopt;
    // A GPU's memory cannot be held to anything.
    const auto vram = learn(result_, Pool::vram).samples;
    if (wishes_.vram_limits && !vram.empty() &&
        !next_count(vram, *wishes_.vram_limits))
      return std::nullopt;
    return RunRequest{2, inputs_[0], static_cast<std::uint64_t>(safe)};
  }

  // With counts that are found while it goes, over the first input.
  void first_round() {
    climb();
    if (const auto request = dare(); request && try_count(*request)) climb();
    of_ = total();
    for (std::size_t i = 1; i < inputs_.size(); ++i) over_counts(inputs_[i]);
  }

  void one_round() {
    for (const Input* const input : inputs_) over_counts(input);
  }

  void over_counts(const Input* input) {
    for (const std::uint64_t count : counts_) {
      if (over()) return;
      if (!too_many_ || count < *too_many_) run_one({count, input});
    }
  }

  // With `rest` runs behind this one, which may have ended.
  std::optional<std::chrono::milliseconds> left(std::size_t rest,
                                                bool ended) const {
    const Clock::duration here = Clock::now() - prepared_from_;
    const Clock::duration spent = spent_ + (ended ? here : Clock::duration{});
    const std::size_t runs = ended_ + (ended ? 1 : 0);
    if (runs == 0) return std::nullopt;
    const Clock::duration one = spent / runs;
    const Clock::duration of_this =
        ended ? Clock::duration{} : std::max(Clock::duration{}, one - here);
    return std::chrono::duration_cast<std::chrono::milliseconds>(of_this +
                                                                 one * rest);
  }

  void tell(const RunRequest& request, Clock::time_point start,
            std::uint64_t bytes, const RunOutcome* outcome) const {
    if (!wishes_.progress) return;
    MeasureProgress progress;
    progress.run = started_;
    progress.of = of_;
    progress.request = request;
    progress.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
        Clock::now() - start);
    progress.bytes = bytes;
    progress.outcome = outcome;
    if (!over()) progress.rest = most_runs() - std::min(most_runs(), started_);
    progress.left = left(progress.rest, outcome != nullptr);
    wishes_.progress(progress);
  }

  // Whether the run can be made.
  bool prepared(const RunRequest& request) {
    prepared_from_ = Clock::now();
    if (!wishes_.prepare) return true;
    auto done = wishes_.prepare(request);
    if (!done) {
      result_.stopped = done.error().message;
      return false;
    }
    const std::string end = how_it_ended(*done, "the command of --prepare");
    if (end.empty()) return true;
    result_.stopped = fmt::format("{}, before run {}", end, started_);
    if (done->asked_to_end != 0) result_.last = std::move(*done);
    return false;
  }

  void run_one(const RunRequest& request) {
    ++started_;
    if (!prepared(request)) return;
    const auto start = Clock::now();
    tell(request, start, 0, nullptr);
    auto outcome = run_once_(request, [&](std::uint64_t bytes) {
      tell(request, start, bytes, nullptr);
    });
    if (!outcome) {
      result_.stopped = outcome.error().message;
      return;
    }
    if (outcome->refused) {
      --started_;
      return;
    }
    // However it took that: a fork may have failed, or a worker been killed.
    const bool killed = outcome->peak.oom_kills.value_or(0) > 0;
    const bool refused = request.at_most && outcome->end.wait_status != 0;
    const bool too_many = outcome->asked_to_end == 0 && (killed || refused);
    if (!too_many)
      result_.stopped = how_it_ended(
          *outcome, "the run with " + counted(request.workers, "worker"));
    tell(request, start, outcome->peak.bytes, &*outcome);
    ++ended_;
    spent_ += Clock::now() - prepared_from_;
    if (too_many) {
      too_many_ = request.workers;
      result_.notes.push_back(
          request.at_most ? did_not_fit(request)
                          : died_of_memory(request.workers, outcome->peak));
      return;
    }
    if (over()) {
      result_.last = std::move(*outcome);
      return;
    }
    keep({request.workers, request.input, outcome->peak, outcome->end.elapsed});
  }

  void keep(MeasuredRun run) {
    const auto first = std::find_if(
        result_.runs.begin(), result_.runs.end(),
        [&](const MeasuredRun& one) { return one.input == run.input; });
    if (first != result_.runs.end())
      result_.stopped = other_work(*first, run, started_);
    if (!over()) result_.runs.push_back(std::move(run));
  }

  const MeasureWishes& wishes_;
  const RunOnce& run_once_;
  std::vector<const Input*> inputs_;
  std::vector<std::uint64_t> counts_;
  std::optional<std::size_t> of_;
  std::optional<std::uint64_t> too_many_;
  std::size_t started_ = 0;
  Clock::time_point prepared_from_;
  std::size_t ended_ = 0;
  Clock::duration spent_{0};  // on those that have ended
  Measurement result_;
};

}  // namespace

std::optional<std::uint64_t> next_count(const std::vector<Sample>& so_far,
                                        const CountLimits& limits) {
  std::uint64_t largest = 0;
  for (const Sample& sample : so_far)
    largest = std::max(largest, static_cast<std::uint64_t>(sample.workers));
  if (largest >= limits.most) return std::nullopt;
  // One worker is what there is to run, whatever it takes.
  if (largest == 0) return 1;
  std::uint64_t next = std::min(largest * 2, limits.most);
  const auto fits = [&](std::uint64_t count) {
    return expected_peak(so_far, limits, static_cast<double>(count)) <=
           limits.available * kSafe;
  };
  while (next > largest && !fits(next)) --next;
  if (next == largest) return std::nullopt;
  return next;
}

std::optional<std::uint64_t> bytes_of(const MeasuredRun& run, Pool pool) {
  if (pool == Pool::ram) return run.peak.bytes;
  return run.peak.vram;
}

Measurement measure(const MeasureWishes& wishes, const RunOnce& run_once) {
  return Rounds(wishes, run_once).run();
}

Learned learn(const Measurement& measurement, Pool pool, double declared) {
  Learned learned;
  // What processes hold on a GPU is looked at again and again.
  bool all_counted = pool == Pool::ram;
  for (const MeasuredRun& run : measurement.runs) {
    if (run.input != measurement.runs.front().input) continue;
    const auto bytes = bytes_of(run, pool);
    if (!bytes) continue;
    learned.samples.push_back(
        {static_cast<double>(run.workers), static_cast<double>(*bytes)});
    all_counted &= run.peak.certainty == Certainty::counted;
  }
  learned.regression = regress(learned.samples);
  learned.headroom =
      learn_headroom(learned.regression, learned.samples,
                     all_counted ? kCountedCeiling : kSampledCeiling, declared);
  return learned;
}

std::vector<InputSample> input_samples(const Measurement& measurement,
                                       Pool pool) {
  std::vector<InputSample> samples;
  for (const MeasuredRun& run : measurement.runs) {
    const auto bytes = bytes_of(run, pool);
    if (!run.input || !bytes) continue;
    samples.push_back({static_cast<double>(run.workers),
                       static_cast<double>(*bytes), run.input->bytes});
  }
  return samples;
}

Result<RunOutcome> run_measured(ChildSpec spec, const Host& host,
                                const Environment& environment,
                                const MeterWishes& wishes,
                                const std::function<void(std::uint64_t)>& seen,
                                const LookBeside& beside) {
  PeakMeter meter(host, environment, wishes);
  RunOutcome outcome;
  outcome.refused = !meter.holds();
  if (outcome.refused) return outcome;
  meter.prepare(spec);
  Supervision supervision;
  supervision.orphans = Orphans::adopt;
  supervision.tick = [&](const std::vector<pid_t>& pids) {
    const auto pause = meter.look(pids);
    if (seen) seen(meter.live());
    if (beside && !pids.empty())
      return std::min(pause, beside(pids.front(), meter.oom_kills()));
    return pause;
  };
  auto run = supervise({std::move(spec)}, supervision);
  if (!run) return run.error();
  outcome.peak = meter.finish(run->ends);
  outcome.end = run->ends.front();
  outcome.asked_to_end = run->asked_to_end;
  return outcome;
}

}  // namespace fitrun
