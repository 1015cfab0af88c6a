#include "hold/estimate.h"

#include <algorithm>

#include "base/bytes.h"
#include "hold/job_key.h"

namespace fitrun {
namespace {

// Two builds of the same file differ by less.
constexpr double kOwnMargin = 1.05;
// A job that outgrows the mean of its kind by so much is one of its large ones.
constexpr double kOutgrown = 1.2;
constexpr double kOutgrownBytes = 4U << 20;
// And one that outgrows everything will grow on.
constexpr double kGrowsOn = 1.25;

std::uint64_t times(std::uint64_t bytes, double factor) {
  return whole_bytes(static_cast<double>(bytes) * factor);
}

}  // namespace

std::uint64_t KnownJob::largest() const {
  return *std::max_element(peaks.begin(), peaks.end());
}

void KnownPeaks::add(JobHash job, KnownJob known) {
  count(known.kind, known.largest());
  jobs_[job] = std::move(known);
}

void KnownPeaks::learn(const std::string& key, const std::string& kind,
                       std::uint64_t peak, std::uint64_t day) {
  KnownJob& known = jobs_[hash_of(key)];
  std::shift_right(known.peaks.begin(), known.peaks.end(), 1);
  known.peaks.front() = peak;
  known.kind = kind;
  known.day = day;
  count(kind, peak);
}

void KnownPeaks::count(const std::string& kind, std::uint64_t peak) {
  Kind& of_kind = kinds_[kind];
  of_kind.sum += static_cast<double>(peak);
  ++of_kind.count;
  of_kind.largest = std::max(of_kind.largest, peak);
}

PeakEstimate KnownPeaks::estimate(const std::string& key,
                                  const std::string& kind,
                                  std::uint64_t current,
                                  std::optional<std::uint64_t> bound) const {
  PeakEstimate e;
  const auto own = jobs_.find(hash_of(key));
  const auto known = kinds_.find(kind);
  const std::uint64_t known_peak =
      own == jobs_.end() ? 0 : own->second.largest();
  if (known_peak > 0 && current <= times(known_peak, kOwnMargin)) {
    e.expected = e.most = times(known_peak, kOwnMargin);
    e.exact = true;
  } else if (known != kinds_.end()) {
    const Kind& of_kind = known->second;
    const double mean = of_kind.sum / static_cast<double>(of_kind.count);
    const bool outgrown =
        static_cast<double>(current) > kOutgrown * mean + kOutgrownBytes;
    e.most = std::max(of_kind.largest, bound.value_or(0));
    e.expected = !outgrown          ? whole_bytes(mean)
                 : current < e.most ? e.most
                                    : times(current, kGrowsOn);
  } else if (bound && current <= *bound) {
    e.expected = e.most = *bound;
  } else {
    e.expected = times(current, kGrowsOn);
    e.unknown = !bound;
  }
  e.expected = std::max(e.expected, current);
  e.most = std::max(e.most, e.expected);
  return e;
}

}  // namespace fitrun
