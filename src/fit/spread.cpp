#include "fit/spread.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/saturate.h"

namespace fitrun {
namespace {

Fit fit_on(const SpreadInput& input, std::size_t gpu) {
  return compute_fit(
      {input.available[gpu], input.headroom, input.reserve, input.fixed,
       input.per_worker, input.want,
       gpu < input.leases.size() ? input.leases[gpu] : LeaseTerms()});
}

std::size_t smallest(const std::vector<GpuShare>& gpus) {
  const auto least = std::min_element(
      gpus.begin(), gpus.end(),
      [](const auto& a, const auto& b) { return a.fits < b.fits; });
  return static_cast<std::size_t>(least - gpus.begin());
}

// The workers that all GPUs hold together, and the GPU that says so.
struct Joint {
  std::uint64_t threads = 0;
  std::optional<std::size_t> limiting;
};

// Worker i goes to device i mod K, so device g is too small for worker number
// fits * K + g, counted from 0, and the first such worker ends it.
Joint roundrobin_fit(const std::vector<GpuShare>& gpus) {
  Joint joint{std::numeric_limits<std::uint64_t>::max(), std::nullopt};
  for (std::size_t g = 0; g < gpus.size(); ++g) {
    const std::uint64_t most = add(multiply(gpus[g].fits, gpus.size()), g);
    if (!joint.limiting || most < joint.threads) joint = {most, g};
  }
  return joint;
}

Joint joint_fit(const std::vector<GpuShare>& gpus, Spread spread,
                std::uint64_t want) {
  const std::size_t least = smallest(gpus);
  switch (spread) {
    case Spread::first:
      return {gpus[0].fits, 0};
    case Spread::pin: {
      std::uint64_t sum = 0;
      for (const GpuShare& gpu : gpus) sum = add(sum, gpu.fits);
      if (gpus.size() == 1) return {sum, 0};
      return {sum, std::nullopt};
    }
    case Spread::roundrobin:
      return roundrobin_fit(gpus);
    case Spread::even: {
      // Fewer wanted than GPUs: one on each of the first ones.
      const std::uint64_t count = gpus.size();
      if (gpus[least].fits > 0 && want < count) return {want, std::nullopt};
      const std::uint64_t each = want / count;
      if (gpus[least].fits < each || each == 0)
        return {gpus[least].fits * count, least};
      return {each * count, std::nullopt};
    }
    case Spread::model:
      return {gpus[least].fits, least};
  }
  return {};
}

// Gives each next worker to the GPU with the most memory left after it, the
// first of equals; each GPU takes at most what fits on it. `fixed` is the same
// on all, so it decides nothing here.
void place_by_room(std::vector<GpuShare>& gpus, const SpreadInput& input,
                   std::uint64_t threads) {
  const auto left = [&](const GpuShare& gpu) {
    return gpu.budget - static_cast<double>(gpu.threads + 1) * input.per_worker;
  };
  while (threads > 0) {
    GpuShare* roomiest = nullptr;
    for (GpuShare& gpu : gpus) {
      if (gpu.threads == gpu.fits) continue;
      if (!roomiest || left(gpu) > left(*roomiest)) roomiest = &gpu;
    }
    if (!roomiest) return;
    ++roomiest->threads;
    --threads;
  }
}

// The same in one pass, near enough where there are more workers than anybody
// starts, and where they cost nothing: to each GPU its share of what fits.
void place_by_share(std::vector<GpuShare>& gpus, std::uint64_t threads) {
  double sum = 0;
  for (const GpuShare& gpu : gpus) sum += static_cast<double>(gpu.fits);
  std::uint64_t rest = threads;
  for (GpuShare& gpu : gpus) {
    const double share = static_cast<double>(gpu.fits) / sum;
    const double part = static_cast<double>(threads) * share;
    gpu.threads = part < static_cast<double>(std::min(gpu.fits, rest))
                      ? static_cast<std::uint64_t>(part)
                      : std::min(gpu.fits, rest);
    rest -= gpu.threads;
  }
  for (GpuShare& gpu : gpus) {
    const std::uint64_t more = std::min(gpu.fits - gpu.threads, rest);
    gpu.threads += more;
    rest -= more;
  }
}

void place(std::vector<GpuShare>& gpus, const SpreadInput& input,
           std::uint64_t threads) {
  constexpr std::uint64_t kOneByOne = 1U << 16;
  switch (input.spread) {
    case Spread::first:
      gpus[0].threads = threads;
      return;
    case Spread::pin:
      if (threads > kOneByOne || input.per_worker <= 0) {
        place_by_share(gpus, threads);
      } else {
        place_by_room(gpus, input, threads);
      }
      return;
    case Spread::roundrobin:
    case Spread::even:
      for (std::size_t g = 0; g < gpus.size(); ++g) {
        gpus[g].threads =
            threads / gpus.size() + (g < threads % gpus.size() ? 1 : 0);
      }
      return;
    case Spread::model:
      for (GpuShare& gpu : gpus) gpu.threads = threads;
      return;
  }
}

// `input.want` is at least 1 and there is a GPU.
SpreadFit solve(const SpreadInput& input) {
  SpreadFit result;
  for (std::size_t gpu = 0; gpu < input.available.size(); ++gpu) {
    const Fit fit = fit_on(input, gpu);
    result.gpus.push_back({fit.swapping ? 0 : fit.threads, 0, fit.budget});
  }
  const Joint joint = joint_fit(result.gpus, input.spread, input.want);
  if (joint.threads == 0) {
    result.threads = input.per_worker <= 0 ? input.want : 1;
    result.swapping = true;
    result.gpus[0].threads = result.threads;
  } else {
    result.threads = std::min(input.want, joint.threads);
    place(result.gpus, input, result.threads);
  }
  result.reduced = result.threads < input.want;
  if (result.reduced || result.swapping) result.limiting = joint.limiting;
  return result;
}

}  // namespace

SpreadFit compute_spread(const SpreadInput& input) {
  SpreadInput asked = input;
  asked.want = std::max<std::uint64_t>(1, input.want);
  if (asked.available.empty()) asked.available.push_back(0);
  SpreadFit result = solve(asked);
  if (!result.limiting || asked.available.size() == 1 ||
      asked.spread == Spread::first)
    return result;

  const auto limiting = static_cast<std::ptrdiff_t>(*result.limiting);
  asked.available.erase(asked.available.begin() + limiting);
  if (limiting < std::ssize(asked.leases))
    asked.leases.erase(asked.leases.begin() + limiting);
  const SpreadFit without = solve(asked);
  if (!without.swapping &&
      (result.swapping || without.threads > result.threads))
    result.threads_without_limiting = without.threads;
  return result;
}

}  // namespace fitrun
