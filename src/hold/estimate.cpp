#include "hold/estimate.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/saturate.h"
#include "hold/job_key.h"

namespace fitrun {
namespace {

constexpr std::chrono::milliseconds kTooLate{100};
constexpr std::chrono::seconds kStaysLate{10};

// A job is taken for one like another until it has outgrown that one by so
// much.
constexpr double kOutgrown = 1.2;
constexpr std::uint64_t kOutgrownBytes = 4U << 20;
// And one that outgrows everything will grow on.
constexpr double kGrowsOn = 1.25;

std::uint64_t times(std::uint64_t bytes, double factor) {
  return whole_bytes(static_cast<double>(bytes) * factor);
}

}  // namespace

void OwnMargin::look(Clock::time_point now) {
  if (last_ && now - *last_ > kLookPeriod + kTooLate) late_ = now;
  last_ = now;
  factor_ = late_ && now - *late_ <= kStaysLate ? kLate : kUsual;
}

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
  Peaks& peaks = kinds_[kind];
  peaks.insert(std::upper_bound(peaks.begin(), peaks.end(), peak), peak);
}

PeakEstimate KnownPeaks::estimate(const std::string& key,
                                  const std::string& kind,
                                  std::uint64_t current,
                                  std::optional<std::uint64_t> bound,
                                  double margin) const {
  PeakEstimate e;
  const auto own = jobs_.find(hash_of(key));
  const auto known = kinds_.find(kind);
  const std::uint64_t known_peak =
      own == jobs_.end() ? 0 : own->second.largest();
  if (known_peak > 0 && current <= times(known_peak, margin)) {
    e.expected = e.most = times(known_peak, margin);
    e.exact = true;
  } else if (known != kinds_.end()) {
    const Peaks& peaks = known->second;
    const auto like = std::partition_point(
        peaks.begin(), peaks.end(), [current](std::uint64_t peak) {
          return current > fitrun::add(times(peak, kOutgrown), kOutgrownBytes);
        });
    e.most = std::max(peaks.back(), bound.value_or(0));
    e.expected = like != peaks.end() ? *(like + (peaks.end() - like) / 2)
                 : current < e.most  ? e.most
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
