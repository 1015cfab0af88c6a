#include "fit/headroom.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "fit/student_t.h"

namespace fitrun {
namespace {

// Below this many runs, three degrees of freedom for the spread, the 99 %
// limit is wider than the default margin for any stage.
constexpr std::size_t kFewestRuns = 5;

// The scale of a prediction at the largest count: 1 for the new run's own
// spread, and more for the uncertainty of the line there.
double prediction_scale(const std::vector<Sample>& samples) {
  const auto count = static_cast<double>(samples.size());
  double mean = 0, largest = 0, across = 0;
  for (const Sample& sample : samples) {
    mean += sample.workers / count;
    largest = std::max(largest, sample.workers);
  }
  for (const Sample& sample : samples)
    across += (sample.workers - mean) * (sample.workers - mean);
  const double away = largest - mean;
  return std::sqrt(1 + 1 / count + (across > 0 ? away * away / across : 0));
}

std::string missing(const Regression& regression,
                    const std::vector<Sample>& samples) {
  if (regression.shape == Shape::too_few) return "one number of workers";
  if (regression.shape != Shape::line && regression.shape != Shape::flat)
    return "the runs are not a line";
  if (samples.size() < kFewestRuns) {
    return fmt::format("{} runs, at least {} are needed", samples.size(),
                       kFewestRuns);
  }
  if (!regression.spread) return "no count was run twice";
  return "";
}

}  // namespace

LearnedHeadroom learn_headroom(const Regression& regression,
                               const std::vector<Sample>& samples,
                               double ceiling, double declared) {
  LearnedHeadroom result;
  result.value = declared;
  if (const std::string why = missing(regression, samples); !why.empty()) {
    result.note = fmt::format("headroom stays at {:.6g}: {}", declared, why);
    return result;
  }
  double above = 0, squares = 0;
  for (const Sample& sample : samples) {
    const double expected = std::max(1.0, regression.line.at(sample.workers));
    const double off = sample.peak / expected - 1;
    above = std::max(above, off);
    squares += off * off;
  }
  const std::size_t df = samples.size() - 2;
  const double next = t_99_one_sided(df) * prediction_scale(samples) *
                      std::sqrt(squares / static_cast<double>(df));
  const double covering = 1 / (1 + std::max(above, next));
  // Two digits, cut and not rounded: the descriptor is read by people.
  result.value = std::floor(std::min(ceiling, covering) * 100 + 1e-9) / 100;
  result.value = std::max(0.01, result.value);
  result.learned = true;
  if (covering >= ceiling)
    result.note = "the runs allow more: this is the ceiling";
  else if (above >= next)
    result.note = "covers the run that was highest above the line";
  else
    result.note = "covers 99 % of runs, by their spread around the line";
  return result;
}

}  // namespace fitrun
