#include "measure/envelope.h"

#include <algorithm>

namespace fitrun {
namespace {

// How much `b` lies above the line from `a` to `c`, in bytes times jobs.
double above(const EnvelopePoint& a, const EnvelopePoint& b,
             const EnvelopePoint& c) {
  const auto value = [](std::uint64_t n) { return static_cast<double>(n); };
  return (value(b.bytes) - value(a.bytes)) * (value(c.jobs) - value(a.jobs)) -
         (value(c.bytes) - value(a.bytes)) * (value(b.jobs) - value(a.jobs));
}

}  // namespace

void Envelope::add(std::uint64_t jobs, std::uint64_t bytes) {
  std::uint64_t& most = most_[jobs];
  most = std::max(most, bytes);
}

std::vector<EnvelopePoint> Envelope::points() const {
  std::vector<EnvelopePoint> all;
  for (const auto& [jobs, bytes] : most_) all.push_back({jobs, bytes});
  if (all.size() <= kMostEnvelopePoints) return all;
  all = hull_of(std::move(all));
  if (all.size() > kMostEnvelopePoints)
    all.erase(all.begin(), all.end() - kMostEnvelopePoints);
  return all;
}

std::vector<EnvelopePoint> hull_of(std::vector<EnvelopePoint> points) {
  std::sort(points.begin(), points.end(),
            [](const EnvelopePoint& a, const EnvelopePoint& b) {
              return a.jobs != b.jobs ? a.jobs < b.jobs : a.bytes > b.bytes;
            });
  std::vector<EnvelopePoint> hull;
  for (EnvelopePoint point : points) {
    // One of more jobs may be as large as the largest of fewer.
    if (!hull.empty()) point.bytes = std::max(point.bytes, hull.back().bytes);
    if (!hull.empty() && hull.back().jobs == point.jobs) continue;
    while (hull.size() > 1 &&
           above(hull[hull.size() - 2], hull.back(), point) <= 0)
      hull.pop_back();
    hull.push_back(point);
  }
  return hull;
}

double height_at(const std::vector<EnvelopePoint>& hull, double jobs) {
  if (hull.empty()) return 0;
  const auto next =
      std::find_if(hull.begin(), hull.end(), [&](const EnvelopePoint& point) {
        return static_cast<double>(point.jobs) >= jobs;
      });
  if (next == hull.end()) return static_cast<double>(hull.back().bytes);
  if (next == hull.begin()) return static_cast<double>(next->bytes);
  const auto before = next - 1;
  const auto width = static_cast<double>(next->jobs - before->jobs);
  const double share = (jobs - static_cast<double>(before->jobs)) / width;
  const auto low = static_cast<double>(before->bytes);
  return low + (static_cast<double>(next->bytes) - low) * share;
}

}  // namespace fitrun
