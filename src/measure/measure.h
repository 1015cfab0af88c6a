// Running a stage at several numbers of workers to learn what it costs.
//
// The counts grow only as far as the runs so far say that they fit: a
// measurement must not be what makes the machine run out. Two workers are the
// exception: where one takes nearly half of what is available, nothing says how
// much of that is fixed, and one count teaches nothing. They are tried where
// the kernel can hold that one run below what is safe. Each count is run more
// than once, in rounds, so that a disturbance of a minute does not fall on one
// count alone and the spread of equal runs is known.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/pool.h"
#include "base/result.h"
#include "fit/factor.h"
#include "fit/headroom.h"
#include "fit/regress.h"
#include "measure/peak_meter.h"
#include "run/supervise.h"

namespace fitrun {

// How far one pool lets the counts go.
struct CountLimits {
  std::uint64_t most = 1;  // what is wanted: more is of no use
  double available = 0;    // bytes before the first run
  // What the descriptor says, for the time before two counts were run.
  std::optional<Costs> declared;
};

// The count to run after those in `so_far`: 1, 2, 4 and so on, at last the
// largest that is both wanted and expected to take at most nine tenths of what
// is available. Empty when there is none left.
std::optional<std::uint64_t> next_count(const std::vector<Sample>& so_far,
                                        const CountLimits& limits);

struct Input {
  std::string path;  // for the command
  double bytes = 0;
};

struct RunRequest {
  std::uint64_t workers = 1;
  const Input* input = nullptr;  // null where none was given
  // Bytes of RAM beyond which the kernel is to end this run, and nothing else.
  std::optional<std::uint64_t> at_most = std::nullopt;
};

// How one run ended.
struct RunOutcome {
  PeakReading peak;
  ChildEnd end;
  int asked_to_end = 0;  // as in SupervisedRun
  bool refused = false;  // not run: RunRequest::at_most cannot be had here
};

// Runs the stage once and calls the function at every look with the bytes in
// use. An error ends the measurement.
using RunOnce = std::function<Result<RunOutcome>(
    const RunRequest&, const std::function<void(std::uint64_t)>&)>;

// `bytes` counts while a run lasts; at its end `outcome` is set.
struct MeasureProgress {
  std::size_t run = 1;            // from 1
  std::optional<std::size_t> of;  // empty while the counts are still open
  RunRequest request;
  std::chrono::milliseconds elapsed{0};
  std::uint64_t bytes = 0;
  const RunOutcome* outcome = nullptr;
  // How many runs follow, at most.
  std::size_t rest = 0;
  // How long it will take from here to the end of them, if each takes as long
  // as those before it, with what is done before each; empty before one ended.
  std::optional<std::chrono::milliseconds> left = std::nullopt;
};

struct MeasureWishes {
  std::vector<std::uint64_t> counts;  // empty: next_count() says
  // 0: twice, or as often as it takes for six runs.
  std::size_t repeat = 0;
  std::vector<Input> inputs;
  CountLimits limits;
  // The same for GPU memory, where the stage needs it.
  std::optional<CountLimits> vram_limits;
  std::function<void(const MeasureProgress&)> progress;  // may be empty
  // Done before each run; may be empty. Where it fails, so does the
  // measurement.
  std::function<Result<RunOutcome>(const RunRequest&)> prepare;
};

struct MeasuredRun {
  std::uint64_t workers = 1;
  const Input* input = nullptr;  // of MeasureWishes::inputs
  PeakReading peak;
  std::chrono::microseconds elapsed{0};
};

// The peak of one pool; empty where nobody knows it.
std::optional<std::uint64_t> bytes_of(const MeasuredRun& run, Pool pool);

struct Measurement {
  std::vector<MeasuredRun> runs;   // those that count
  std::vector<std::string> notes;  // sentences for people
  // Why it ended before its time; empty where it did not. `last` is then the
  // run that ended it, if one did.
  std::string stopped;
  std::optional<RunOutcome> last;
};

// Runs and collects. Stops where a run fails or did not do the work of the
// first (same_work.h), or somebody asks for an end. A run in which the kernel
// killed for lack of memory does not count, and no larger count is tried.
Measurement measure(const MeasureWishes& wishes, const RunOnce& run_once);

// What the runs over the first input (or none) say of one pool; for VRAM those
// in which somebody knew it.
struct Learned {
  std::vector<Sample> samples;
  Regression regression;
  LearnedHeadroom headroom;
};
Learned learn(const Measurement& measurement, Pool pool = Pool::ram,
              double declared = kDefaultHeadroom);

// Over inputs of different sizes.
std::vector<InputSample> input_samples(const Measurement& measurement,
                                       Pool pool = Pool::ram);

// What somebody else does at looks at a run, of which the kernel has killed so
// many processes; empty where nobody counts them. Says when to look again.
using LookBeside = std::function<std::chrono::milliseconds(
    pid_t, std::optional<std::uint64_t> kills)>;

// The run that supervises `spec` under a PeakMeter: what most of RunOnce is.
// Both functions may be empty.
Result<RunOutcome> run_measured(ChildSpec spec, const Host& host,
                                const Environment& environment,
                                const MeterWishes& wishes,
                                const std::function<void(std::uint64_t)>& seen,
                                const LookBeside& beside = {});

}  // namespace fitrun
