#include "measure/same_work.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "measure/progress.h"

namespace fitrun {
namespace {

// Of what is least expected. Equal runs differ by less than a quarter
// (fit/regress.cpp) in memory; in time a cold cache alone can make tenfold.
constexpr double kFarLighter = 0.5;
constexpr double kFarShorter = 0.1;
// Below these the measuring itself makes the difference: a control group counts
// 64 pages at once for each CPU, and starting a program takes a while.
constexpr double kLeastBytes = 4 << 20;
constexpr std::chrono::microseconds kLeastTime{500'000};

std::chrono::milliseconds in_milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

std::string other_work(const MeasuredRun& first, const MeasuredRun& run,
                       std::size_t number) {
  const auto workers = static_cast<double>(run.workers);
  const auto first_workers = static_cast<double>(first.workers);
  const double bytes = static_cast<double>(first.peak.bytes) *
                       std::min(1.0, workers / first_workers);
  const auto time = first.elapsed * std::min(1.0, first_workers / workers);
  const auto peak = static_cast<double>(run.peak.bytes);
  const bool lighter = peak < bytes * kFarLighter && bytes - peak > kLeastBytes;
  const bool shorter =
      run.elapsed < time * kFarShorter && time - run.elapsed > kLeastTime;
  if (!lighter && !shorter) return "";
  return fmt::format(
      "run {}, with {}, took {} and {} where the first, with {}, took {} and "
      "{}: it did not do the same work, so that nothing can be learned from "
      "it; "
      "what a run leaves behind can be undone before each by --prepare COMMAND "
      "(make clean)",
      number, counted(run.workers, "worker"),
      time_text(in_milliseconds(run.elapsed)), format_bytes(peak),
      first.workers, time_text(in_milliseconds(first.elapsed)),
      format_bytes(first.peak.bytes));
}

}  // namespace fitrun
