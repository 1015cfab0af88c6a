#include "fit/regress.h"

#include <algorithm>
#include <cmath>

#include "fit/student_t.h"

namespace fitrun {
namespace {

// How far, as a share, the middle of a count's runs may lie from the line, and
// equal runs from each other, before the line is given up. Below this the
// learned headroom covers the difference.
constexpr double kBent = 0.10;
constexpr double kScattered = 0.25;

// The runs with one number of workers.
struct Level {
  double workers = 0;
  double middle = 0;
  double low = 0;
  double high = 0;
  std::size_t runs = 0;
};

std::vector<Level> levels_of(std::vector<Sample> samples) {
  std::sort(
      samples.begin(), samples.end(),
      [](const Sample& a, const Sample& b) { return a.workers < b.workers; });
  std::vector<Level> levels;
  for (auto first = samples.begin(); first != samples.end();) {
    const auto last = std::find_if(
        first, samples.end(),
        [&](const Sample& sample) { return sample.workers > first->workers; });
    std::vector<double> peaks;
    peaks.reserve(samples.size());
    for (auto at = first; at != last; ++at) peaks.push_back(at->peak);
    const auto [low, high] = std::minmax_element(peaks.begin(), peaks.end());
    levels.push_back(
        {first->workers, median(peaks), *low, *high, peaks.size()});
    first = last;
  }
  return levels;
}

// Theil and Sen's line. Needs two numbers of workers.
Costs median_line(const std::vector<Sample>& samples) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double apart = samples[i].workers - samples[j].workers;
      if (apart != 0)
        slopes.push_back((samples[i].peak - samples[j].peak) / apart);
    }
  }
  Costs line;
  line.per_worker = median(slopes);
  std::vector<double> left;
  left.reserve(samples.size());
  for (const Sample& sample : samples)
    left.push_back(sample.peak - sample.workers * line.per_worker);
  line.fixed = median(left);
  return line;
}

// Costs cannot be negative: a line that says so is laid through zero instead.
Costs without_negatives(Costs line, const std::vector<Sample>& samples) {
  std::vector<double> values;
  if (line.per_worker < 0) {
    for (const Sample& sample : samples) values.push_back(sample.peak);
    return {median(values), 0};
  }
  if (line.fixed < 0) {
    for (const Sample& sample : samples)
      values.push_back(sample.peak / sample.workers);
    return {0, median(values)};
  }
  return line;
}

// The lowest line that no run exceeds, with a slope of at least `least_slope`.
// The best one passes through two of the runs, or has no slope or no fixed
// part, so these are tried.
Costs covering_line(const std::vector<Sample>& samples, double least_slope) {
  std::vector<double> slopes{0, least_slope};
  for (const Sample& a : samples) {
    slopes.push_back(a.peak / a.workers);
    for (const Sample& b : samples)
      if (a.workers > b.workers)
        slopes.push_back((a.peak - b.peak) / (a.workers - b.workers));
  }
  Costs best;
  double least_excess = HUGE_VAL;
  for (const double slope : slopes) {
    if (slope < least_slope || slope < 0) continue;
    Costs line{0, slope};
    for (const Sample& sample : samples)
      line.fixed = std::max(line.fixed, sample.peak - sample.workers * slope);
    double excess = 0;
    for (const Sample& sample : samples)
      excess += line.at(sample.workers) - sample.peak;
    if (excess < least_excess) {
      least_excess = excess;
      best = line;
    }
  }
  return best;
}

// Whether the line bends between the first count and the last: the slope on
// both sides of the count in the middle.
Shape bend(const std::vector<Level>& levels) {
  const Level& first = levels.front();
  const Level& middle = levels[levels.size() / 2];
  const Level& last = levels.back();
  // A peak that falls more and more slowly bends upwards, and is no cost that
  // grows.
  if (last.middle <= first.middle) return Shape::split_work;
  const double before =
      (middle.middle - first.middle) / (middle.workers - first.workers);
  const double after =
      (last.middle - middle.middle) / (last.workers - middle.workers);
  return after < before ? Shape::split_work : Shape::steepening;
}

// `line` is the fit before negatives are taken out of it.
Shape shape_of(const std::vector<Level>& levels, const Costs& line,
               std::optional<double> spread) {
  if (levels.size() < 2) return Shape::too_few;
  if (spread && *spread > kScattered) return Shape::scattered;

  const double noise = spread.value_or(0);
  double off = 0;
  for (const Level& level : levels) {
    const double expected = line.at(level.workers);
    off = std::max(off, std::abs(level.middle - expected) /
                            std::max(1.0, std::abs(level.middle)));
  }
  if (levels.size() > 2 && off > kBent && off > noise) return bend(levels);

  const double range = levels.back().workers - levels.front().workers;
  const double rise = line.per_worker * range;
  const double size = std::max(1.0, line.at(levels.front().workers));
  if (rise < -kBent * size && -rise > noise * size) return Shape::split_work;
  return line.per_worker > 0 ? Shape::line : Shape::flat;
}

void add_ranges(Regression& result, const std::vector<Sample>& samples,
                double squares) {
  const auto count = static_cast<double>(samples.size());
  double mean = 0;
  for (const Sample& sample : samples) mean += sample.workers / count;
  double across = 0;
  for (const Sample& sample : samples)
    across += (sample.workers - mean) * (sample.workers - mean);
  if (samples.size() < 3 || across == 0) return;

  const std::size_t df = samples.size() - 2;
  const double error = std::sqrt(squares / static_cast<double>(df));
  const auto around = [&](double value, double scale) {
    const double half = t_95(df) * error * scale;
    return Range{std::max(0.0, value - half), value + half};
  };
  result.per_worker_range =
      around(result.line.per_worker, 1 / std::sqrt(across));
  result.fixed_range =
      around(result.line.fixed, std::sqrt(1 / count + mean * mean / across));
}

// The line of too few runs: each worker is charged its share of the largest.
Costs single_count_line(const std::vector<Sample>& samples) {
  Costs line;
  for (const Sample& sample : samples)
    line.per_worker = std::max(line.per_worker, sample.peak / sample.workers);
  return line;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  if (values.size() % 2 == 1) return values[half];
  return values[half - 1] + (values[half] - values[half - 1]) / 2;
}

Regression regress(const std::vector<Sample>& samples) {
  Regression result;
  if (samples.empty()) return result;
  const std::vector<Level> levels = levels_of(samples);
  for (const Level& level : levels) {
    if (level.runs < 2) continue;
    const double here = (level.high - level.low) / std::max(1.0, level.middle);
    result.spread = std::max(result.spread.value_or(0), here);
  }

  const Costs raw =
      levels.size() < 2 ? single_count_line(samples) : median_line(samples);
  result.shape = shape_of(levels, raw, result.spread);
  result.line = without_negatives(raw, samples);

  double least_slope = 0;
  if (result.shape == Shape::too_few) least_slope = result.line.per_worker;
  if (result.shape == Shape::steepening) {
    // Beyond the last count the peak goes on as steeply as it came.
    const Level& last = levels.back();
    const Level& before = levels[levels.size() - 2];
    least_slope = std::max(
        0.0, (last.high - before.high) / (last.workers - before.workers));
  }
  result.bound = covering_line(samples, least_slope);

  double mean = 0, squares = 0, total = 0;
  for (const Sample& sample : samples)
    mean += sample.peak / static_cast<double>(samples.size());
  for (const Sample& sample : samples) {
    const double residual = sample.peak - result.line.at(sample.workers);
    result.residuals.push_back(residual);
    squares += residual * residual;
    total += (sample.peak - mean) * (sample.peak - mean);
  }
  if (squares == 0) result.r_squared = 1;
  if (squares > 0 && total > 0)
    result.r_squared = std::max(0.0, 1 - squares / total);
  add_ranges(result, samples, squares);
  return result;
}

const Costs& costs_to_declare(const Regression& regression) {
  const bool straight =
      regression.shape == Shape::line || regression.shape == Shape::flat;
  return straight ? regression.line : regression.bound;
}

std::string describe(Shape shape) {
  switch (shape) {
    case Shape::too_few:
      return "runs with one number of workers cannot tell what is fixed from "
             "what each worker adds: all of it is charged to the workers";
    case Shape::line:
      return "";
    case Shape::flat:
      return "more workers do not cost more memory";
    case Shape::split_work:
      return "not a line: each further worker adds less, as when a given "
             "amount of work is split over them; declare the bound that covers "
             "every run";
    case Shape::steepening:
      return "not a line: each further worker adds more than the one before; "
             "declare the bound that covers every run, and do not trust it far "
             "beyond the largest count that was run";
    case Shape::scattered:
      return "not a line: runs with the same number of workers differ by more "
             "than a quarter; declare the bound that covers every run, and "
             "expect a worse one some day";
  }
  return "";
}

}  // namespace fitrun
