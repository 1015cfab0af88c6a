#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "catch.h"
#include "fit/fit.h"
#include "fit/spread.h"

using namespace fitrun;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// Three GPUs of which the middle one is small, in MiB. By hand, with a reserve
// of 512 and fixed 2000: (23000 - 2512) / 3000 = 6.8, (5000 - 2512) / 3000 =
// 0.8, (24000 - 2512) / 3000 = 7.2.
SpreadInput small_in_the_middle(Spread spread, std::uint64_t want) {
  return {{23000, 5000, 24000}, 1.0, 512, 2000, 3000, want, spread};
}

std::vector<std::uint64_t> threads_of(const SpreadFit& fit) {
  std::vector<std::uint64_t> threads;
  for (const GpuShare& gpu : fit.gpus) threads.push_back(gpu.threads);
  return threads;
}

std::vector<std::uint64_t> fits_of(const SpreadFit& fit) {
  std::vector<std::uint64_t> fits;
  for (const GpuShare& gpu : fit.gpus) fits.push_back(gpu.fits);
  return fits;
}

using Counts = std::vector<std::uint64_t>;

// Puts worker after worker where the spread says, until one does not fit.
std::uint64_t roundrobin_one_by_one(const Counts& fits, std::uint64_t want) {
  Counts placed(fits.size(), 0);
  for (std::uint64_t i = 0; i < want; ++i) {
    const std::size_t g = i % fits.size();
    if (placed[g] == fits[g]) return i;
    ++placed[g];
  }
  return want;
}

struct Random {
  std::mt19937_64 engine{20240607};
  std::uint64_t below(std::uint64_t end) { return engine() % end; }

  SpreadInput input(Spread spread) {
    SpreadInput in;
    in.spread = spread;
    for (std::uint64_t gpus = 1 + below(6); gpus > 0; --gpus)
      in.available.push_back(static_cast<double>(below(30'000)));
    in.headroom = static_cast<double>(1 + below(10)) / 10;
    in.reserve = static_cast<double>(below(2) * below(1000));
    in.fixed = static_cast<double>(below(5000));
    in.per_worker = static_cast<double>(1 + below(5000));
    in.want = 1 + below(60);
    return in;
  }
};

}  // namespace

TEST_CASE("one small GPU counts as each way of placing says", "[spread]") {
  struct Row {
    Spread spread;
    std::uint64_t threads;
    Counts placed;
    std::optional<std::size_t> limiting;
    std::optional<std::uint64_t> without;
  };
  const Row row = GENERATE(values<Row>({
      {Spread::first, 6, {6, 0, 0}, 0, std::nullopt},
      {Spread::pin, 13, {6, 0, 7}, std::nullopt, std::nullopt},
      // Worker 1 goes to GPU 1, which holds none. Without it: 6*2+0 and 7*2+1.
      {Spread::roundrobin, 1, {1, 0, 0}, 1, 12},
      // None everywhere: the run-one answer. Without it 2 * 6.
      {Spread::even, 1, {1, 0, 0}, 1, 12},
      {Spread::model, 1, {1, 0, 0}, 1, 6},
  }));
  const SpreadFit fit = compute_spread(small_in_the_middle(row.spread, 50));
  CAPTURE(key_of(row.spread));
  CHECK(fits_of(fit) == Counts{6, 0, 7});
  CHECK(fit.threads == row.threads);
  CHECK(threads_of(fit) == row.placed);
  CHECK(fit.reduced);
  CHECK(fit.swapping ==
        (row.spread == Spread::even || row.spread == Spread::model));
  CHECK(fit.limiting == row.limiting);
  CHECK(fit.threads_without_limiting == row.without);
  CHECK(fit.gpus[0].budget == 22488);
}

TEST_CASE("free bytes of GPUs are never added up", "[spread]") {
  // Pooled: (52000 - 512 - 2000) / 3000 = 16; by GPU 6 + 0 + 7.
  CHECK(compute_spread(small_in_the_middle(Spread::pin, 50)).threads == 13);
  // Half a worker on each of four GPUs is no worker.
  SpreadInput halves{{50, 50, 50, 50}, 1.0, 0, 0, 100, 4, Spread::pin};
  const SpreadFit fit = compute_spread(halves);
  CHECK(fit.threads == 1);
  CHECK(fit.swapping);
  CHECK(fits_of(fit) == Counts{0, 0, 0, 0});
  CHECK(threads_of(fit) == Counts{1, 0, 0, 0});
  // Leaving one out would not help.
  halves.spread = Spread::even;
  CHECK(compute_spread(halves).limiting == 0);
  CHECK(compute_spread(halves).threads_without_limiting == std::nullopt);
}

TEST_CASE("fixed is paid on each GPU that is used", "[spread]") {
  // 0.7 * 100 = 70; (70 - 30) / 20 = 2 on each, not (140 - 30) / 20 = 5.
  const SpreadFit fit =
      compute_spread({{100, 100}, 0.7, 0, 30, 20, 9, Spread::pin});
  CHECK(fit.threads == 4);
  CHECK(threads_of(fit) == Counts{2, 2});
}

TEST_CASE("fewer workers than fit go where most memory is left", "[spread]") {
  // Room after fixed: 20488 and 21488; each worker takes 3000. In turn: GPU 2
  // (18488 left), 0 (17488), 2 (15488), 0 (14488), 2, 0, 2, ...
  const auto placed = [](std::uint64_t want) {
    return threads_of(compute_spread(small_in_the_middle(Spread::pin, want)));
  };
  CHECK(placed(1) == Counts{0, 0, 1});
  CHECK(placed(2) == Counts{1, 0, 1});
  CHECK(placed(3) == Counts{1, 0, 2});
  CHECK(placed(4) == Counts{2, 0, 2});
  CHECK(placed(12) == Counts{6, 0, 6});
  CHECK(placed(13) == Counts{6, 0, 7});
  // Ties go to the first.
  CHECK(threads_of(compute_spread({{50, 50}, 1, 0, 0, 10, 3, Spread::pin})) ==
        Counts{2, 1});
}

TEST_CASE("an even spread is a multiple of the GPUs", "[spread]") {
  const auto even = [](std::uint64_t want) {
    return compute_spread({{50, 50, 50, 30}, 1, 0, 0, 10, want, Spread::even});
  };
  CHECK(even(40).threads == 12);
  CHECK(threads_of(even(40)) == Counts{3, 3, 3, 3});
  CHECK(even(40).limiting == 3);
  CHECK(even(40).threads_without_limiting == 15);
  // Here the wanted count is what cannot be divided: no GPU is to blame.
  CHECK(even(7).threads == 4);
  CHECK(even(7).reduced);
  CHECK(even(7).limiting == std::nullopt);
  CHECK(even(3).threads == 3);
  CHECK(threads_of(even(3)) == Counts{1, 1, 1, 0});
  CHECK_FALSE(even(3).reduced);
}

TEST_CASE("a worker that spans all GPUs takes from each", "[spread]") {
  const SpreadFit fit =
      compute_spread({{50, 40}, 1, 0, 0, 10, 9, Spread::model});
  CHECK(fit.threads == 4);
  CHECK(threads_of(fit) == Counts{4, 4});
  CHECK(fit.limiting == 1);
}

TEST_CASE("free workers go to the GPUs on which fixed fits", "[spread]") {
  const auto fit = [](double fixed) {
    return compute_spread({{100, 10, 100}, 1, 0, fixed, 0, 8, Spread::pin});
  };
  CHECK(threads_of(fit(50)) == Counts{4, 0, 4});
  CHECK_FALSE(fit(50).swapping);
  // As in the original: nothing fits, and the wanted count stays.
  CHECK(fit(500).threads == 8);
  CHECK(fit(500).swapping);
  CHECK_FALSE(fit(500).reduced);
}

TEST_CASE("one GPU is what compute_fit says, however it is spread",
          "[spread]") {
  Random random;
  for (int i = 0; i < 2000; ++i) {
    SpreadInput in = random.input(kSpreads[random.below(5)]);
    in.available.resize(1);
    if (random.below(10) == 0) in.per_worker = 0;
    const SpreadFit fit = compute_spread(in);
    const Fit one = compute_fit({in.available[0], in.headroom, in.reserve,
                                 in.fixed, in.per_worker, in.want});
    CAPTURE(key_of(in.spread), in.available[0], in.fixed, in.per_worker);
    REQUIRE(fit.threads == one.threads);
    REQUIRE(fit.reduced == one.reduced);
    REQUIRE(fit.swapping == one.swapping);
    REQUIRE(fit.gpus[0].threads == one.threads);
    REQUIRE(fit.gpus[0].budget == one.budget);
  }
}

TEST_CASE("round robin is what placing one by one gives", "[spread]") {
  Random random;
  for (int i = 0; i < 15'000; ++i) {
    const SpreadInput in = random.input(Spread::roundrobin);
    const SpreadFit fit = compute_spread(in);
    const std::uint64_t most = roundrobin_one_by_one(fits_of(fit), in.want);
    CAPTURE(in.available, in.fixed, in.per_worker, in.want);
    REQUIRE(fit.threads == std::max<std::uint64_t>(1, most));
    REQUIRE(fit.swapping == (most == 0));
  }
}

TEST_CASE("no GPU gets more than fits on it", "[spread]") {
  Random random;
  for (int i = 0; i < 15'000; ++i) {
    const SpreadInput in = random.input(kSpreads[random.below(5)]);
    const SpreadFit fit = compute_spread(in);
    CAPTURE(key_of(in.spread), in.available, in.fixed, in.per_worker, in.want);
    REQUIRE(fit.threads >= 1);
    REQUIRE(fit.threads <= in.want);
    const Counts placed = threads_of(fit);
    if (in.spread != Spread::model) {
      REQUIRE(std::accumulate(placed.begin(), placed.end(), std::uint64_t{0}) ==
              fit.threads);
    }
    if (fit.swapping) continue;
    for (const GpuShare& gpu : fit.gpus) {
      REQUIRE(gpu.threads <= gpu.fits);
      const double need =
          in.fixed + in.per_worker * static_cast<double>(gpu.threads);
      if (gpu.threads > 0) REQUIRE(need <= gpu.budget);
    }
  }
}

TEST_CASE("more free memory never gives fewer workers", "[spread]") {
  Random random;
  for (int i = 0; i < 15'000; ++i) {
    SpreadInput in = random.input(kSpreads[random.below(5)]);
    const SpreadFit before = compute_spread(in);
    in.available[random.below(in.available.size())] +=
        static_cast<double>(random.below(10'000));
    const SpreadFit after = compute_spread(in);
    CAPTURE(key_of(in.spread), in.available, in.fixed, in.per_worker, in.want);
    REQUIRE(after.threads >= before.threads);
    REQUIRE(after.swapping <= before.swapping);
  }
}

TEST_CASE("absurd numbers give a count between 1 and the wanted one",
          "[spread]") {
  const double absurd[] = {0,    -1,    1,    1e-300, 1e300, 0x1p63,
                           kInf, -kInf, kNan, -0.0,   5e-324};
  for (const Spread spread : kSpreads)
    for (const double a : absurd)
      for (const double b : absurd)
        for (const double per : absurd)
          for (const std::uint64_t want :
               {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7}, kMost}) {
            const SpreadFit fit =
                compute_spread({{a, b, a}, 0.7, 0, b, per, want, spread});
            CAPTURE(key_of(spread), a, b, per, want);
            REQUIRE(fit.threads >= 1);
            REQUIRE(fit.threads <= std::max<std::uint64_t>(1, want));
          }
  // 3 * (2^64 - 1) workers would fit.
  for (const Spread spread : {Spread::roundrobin, Spread::pin}) {
    const SpreadFit vast =
        compute_spread({{1e300, 1e300, 1e300}, 1, 0, 0, 1, kMost, spread});
    CHECK(vast.threads == kMost);
  }
  const SpreadFit none = compute_spread({{}, 0.7, 0, 0, 10, 4, Spread::pin});
  CHECK(none.threads == 1);
  CHECK(none.swapping);
}

TEST_CASE("a huge count is placed without counting to it", "[spread]") {
  const SpreadFit fit =
      compute_spread({{3e18, 1e18}, 1, 0, 0, 1, 1ULL << 60, Spread::pin});
  CHECK(fit.threads == 1ULL << 60);
  CHECK(fit.gpus[0].threads + fit.gpus[1].threads == 1ULL << 60);
  CHECK(fit.gpus[1].threads <= fit.gpus[1].fits);
}

TEST_CASE("spreads are named as in descriptors", "[spread]") {
  for (const Spread spread : kSpreads)
    CHECK(spread_from_key(key_of(spread)) == spread);
  CHECK(key_of(Spread::roundrobin) == "roundrobin");
  CHECK(spread_from_key("round-robin") == std::nullopt);
}

TEST_CASE("each GPU has leases of its own", "[spread]") {
  SpreadInput input = {{10000, 6000}, 0.5, 0, 0, 1000, 64, Spread::pin};
  // 0.5 * 10000 = 5000; 0.5 * (6000 + 4000) - 4500 = 500
  input.leases = {{}, {4000, 4500}};
  CHECK(threads_of(compute_spread(input)) == Counts{5, 0});
  input.spread = Spread::even;
  const SpreadFit even = compute_spread(input);
  CHECK(even.limiting == 1);
  CHECK(even.threads_without_limiting == 5);
  // The terms stay with their GPU where the first one is left out.
  input.available = {6000, 10000};
  input.leases = {{4000, 4500}, {}};
  const SpreadFit turned = compute_spread(input);
  CHECK(turned.limiting == 0);
  CHECK(turned.threads_without_limiting == 5);
}
