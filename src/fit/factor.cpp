#include "fit/factor.h"

#include <algorithm>

namespace fitrun {
namespace {

// The median of (values[i] - values[j]) / (at[i] - at[j]) over the pairs that
// `alike` accepts; empty without such a pair.
template <typename Alike>
std::optional<double> pair_slope(const std::vector<double>& at,
                                 const std::vector<double>& values,
                                 const Alike& alike) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < at.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (at[i] != at[j] && alike(i, j))
        slopes.push_back((values[i] - values[j]) / (at[i] - at[j]));
    }
  }
  if (slopes.empty()) return std::nullopt;
  return median(slopes);
}

// Costs are not negative, nor is a factor.
double at_least_zero(double value) {
  return std::max(0.0, value);
}

bool any_pair(std::size_t, std::size_t) {
  return true;
}

// fixed + factor * input + workers * per_worker
std::optional<FactorFit> factor_of_fixed(const std::vector<InputSample>& runs) {
  std::vector<double> workers, peaks, inputs;
  for (const InputSample& run : runs) {
    workers.push_back(run.workers);
    peaks.push_back(run.peak);
    inputs.push_back(run.input);
  }
  FactorFit fit;
  const auto per_worker = pair_slope(
      workers, peaks,
      [&](std::size_t i, std::size_t j) { return inputs[i] == inputs[j]; });
  if (!per_worker) return std::nullopt;
  fit.per_worker = at_least_zero(*per_worker);
  std::vector<double> left;
  left.reserve(runs.size());
  for (const InputSample& run : runs)
    left.push_back(run.peak - run.workers * fit.per_worker);
  const auto factor = pair_slope(inputs, left, any_pair);
  if (!factor) return std::nullopt;
  fit.factor = at_least_zero(*factor);
  for (std::size_t i = 0; i < runs.size(); ++i)
    left[i] -= inputs[i] * fit.factor;
  fit.fixed = at_least_zero(median(left));
  return fit;
}

// fixed + workers * (per_worker + factor * input)
std::optional<FactorFit> factor_of_workers(
    const std::vector<InputSample>& runs) {
  std::vector<double> workers, peaks, products;
  for (const InputSample& run : runs) {
    workers.push_back(run.workers);
    peaks.push_back(run.peak);
    products.push_back(run.workers * run.input);
  }
  FactorFit fit;
  const auto factor = pair_slope(
      products, peaks,
      [&](std::size_t i, std::size_t j) { return workers[i] == workers[j]; });
  if (!factor) return std::nullopt;
  fit.factor = at_least_zero(*factor);
  std::vector<double> left;
  left.reserve(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i)
    left.push_back(peaks[i] - products[i] * fit.factor);
  const auto per_worker = pair_slope(workers, left, any_pair);
  if (!per_worker) return std::nullopt;
  fit.per_worker = at_least_zero(*per_worker);
  for (std::size_t i = 0; i < runs.size(); ++i)
    left[i] -= workers[i] * fit.per_worker;
  fit.fixed = at_least_zero(median(left));
  return fit;
}

}  // namespace

double FactorFit::at(FactorIn where, double workers, double input) const {
  const double file = factor * input;
  return fixed + workers * per_worker +
         (where == FactorIn::fixed ? file : workers * file);
}

std::optional<FactorFit> learn_factor(const std::vector<InputSample>& samples,
                                      FactorIn where) {
  std::optional<FactorFit> fit = where == FactorIn::fixed
                                     ? factor_of_fixed(samples)
                                     : factor_of_workers(samples);
  if (!fit) return std::nullopt;
  double mean = 0, squares = 0, total = 0;
  for (const InputSample& run : samples)
    mean += run.peak / static_cast<double>(samples.size());
  for (const InputSample& run : samples) {
    const double expected = fit->at(where, run.workers, run.input);
    const double residual = run.peak - expected;
    fit->residuals.push_back(residual);
    fit->covering = std::max(fit->covering, run.peak / std::max(1.0, expected));
    squares += residual * residual;
    total += (run.peak - mean) * (run.peak - mean);
  }
  if (squares == 0) fit->r_squared = 1;
  if (squares > 0 && total > 0)
    fit->r_squared = std::max(0.0, 1 - squares / total);
  return fit;
}

}  // namespace fitrun
