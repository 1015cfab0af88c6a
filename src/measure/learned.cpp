#include "measure/learned.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "fit/headroom.h"
#include "measure/envelope.h"

namespace fitrun {
namespace {

constexpr std::uint64_t kFewestJobs = 5;
constexpr std::size_t kFewestRuns = 2;
constexpr double kAlike = 1.25;  // the largest job, in means
// Before that a sampler has seen too little of a run.
constexpr double kShortestSampled = 1.0;  // seconds

// What the records up to one of them say.
struct Evidence {
  std::vector<EnvelopePoint> points;  // jobs or workers, and bytes
  std::size_t runs = 0;
  std::uint64_t jobs = 0;
  double job_bytes = 0;    // of all `jobs` together
  double largest_job = 0;  // bytes

  double mean_job() const {
    return jobs > 0 ? job_bytes / static_cast<double>(jobs) : 0;
  }
};

bool counts_as_run(const RunRecord& run) {
  const bool failed = run.wait_status.value_or(0) != 0;
  const bool seen =
      run.certainty == Certainty::counted || run.seconds >= kShortestSampled;
  return run.peak && seen && !failed;
}

double as_double(std::uint64_t value) {
  return static_cast<double>(value);
}

// The kernel has counted what lies between two looks, too: by as much each
// point may be too low.
std::vector<EnvelopePoint> counted_points(const RunRecord& run) {
  std::vector<EnvelopePoint> points = run.envelope;
  std::uint64_t most = 0;
  for (const EnvelopePoint& point : points) most = std::max(most, point.bytes);
  const std::uint64_t peak = run.peak.value_or(0);
  if (most == 0 || peak <= most) return points;
  const double share = as_double(peak) / as_double(most);
  for (EnvelopePoint& point : points)
    point.bytes = static_cast<std::uint64_t>(as_double(point.bytes) * share);
  return points;
}

std::vector<EnvelopePoint> points_of(const RunRecord& run, WorkIs work) {
  if (work == WorkIs::jobs) return counted_points(run);
  if (!run.peak || run.held) return {};
  return {{run.workers, *run.peak}};
}

void add(Evidence& evidence, const RunRecord& run, WorkIs work) {
  const auto points = points_of(run, work);
  evidence.points.insert(evidence.points.end(), points.begin(), points.end());
  for (const KindPeaks& kind : run.jobs.kinds) {
    evidence.jobs += kind.jobs;
    evidence.job_bytes += as_double(kind.mean) * as_double(kind.jobs);
    evidence.largest_job = std::max(evidence.largest_job, as_double(kind.most));
  }
  if (counts_as_run(run)) ++evidence.runs;
}

// Above all points, for counts from 1 up.
Costs line_above(const Evidence& evidence) {
  const auto hull = hull_of(evidence.points);
  const EnvelopePoint& end = hull.back();
  if (end.jobs <= 1) return {0, as_double(end.bytes)};
  double slope = evidence.mean_job();
  if (hull.size() > 1) {
    const EnvelopePoint& before = hull[hull.size() - 2];
    slope = std::max(slope, (as_double(end.bytes) - as_double(before.bytes)) /
                                as_double(end.jobs - before.jobs));
  } else {
    slope = std::max(slope, as_double(end.bytes) / as_double(end.jobs));
  }
  Costs line{0, slope};
  for (const EnvelopePoint& point : hull)
    line.fixed = std::max(
        line.fixed, as_double(point.bytes) - slope * as_double(point.jobs));
  return line;
}

std::vector<Sample> samples_of(const Evidence& evidence, WorkIs work) {
  std::vector<Sample> samples;
  if (work == WorkIs::counts) {
    for (const EnvelopePoint& point : evidence.points)
      samples.push_back({as_double(point.jobs), as_double(point.bytes)});
    return samples;
  }
  const auto hull = hull_of(evidence.points);
  const std::uint64_t most =
      std::min<std::uint64_t>(hull.back().jobs, kMostEnvelopePoints);
  for (std::uint64_t jobs = 1; jobs <= most; ++jobs)
    samples.push_back({as_double(jobs), height_at(hull, as_double(jobs))});
  return samples;
}

bool has_workers(const Evidence& evidence) {
  return std::any_of(
      evidence.points.begin(), evidence.points.end(),
      [](const EnvelopePoint& p) { return p.jobs > 0 && p.bytes > 0; });
}

bool teaches(const Evidence& evidence, WorkIs work) {
  if (!has_workers(evidence)) return false;
  if (work == WorkIs::jobs) return evidence.jobs >= kFewestJobs;
  return evidence.runs > 0;
}

Costs costs_of(const Evidence& evidence, WorkIs work) {
  if (work == WorkIs::jobs) return line_above(evidence);
  return regress(samples_of(evidence, work)).bound;
}

// By how much the run has exceeded the line, as a share.
double excess_over(const Costs& line,
                   const std::vector<EnvelopePoint>& points) {
  double most = 0;
  for (const EnvelopePoint& point : points) {
    const double expected = line.at(as_double(point.jobs));
    if (point.jobs > 0 && expected > 0)
      most = std::max(most, as_double(point.bytes) / expected - 1);
  }
  return most;
}

// Jobs of about the same size take that much each, whether or not they were
// ever all at their largest.
bool are_alike(const Evidence& evidence) {
  return evidence.largest_job <= kAlike * evidence.mean_job();
}

bool is_straight(const Evidence& evidence, WorkIs work) {
  if (work == WorkIs::jobs && are_alike(evidence)) return true;
  const Shape shape = regress(samples_of(evidence, work)).shape;
  return shape == Shape::line || shape == Shape::flat ||
         (shape == Shape::too_few && work == WorkIs::jobs);
}

std::optional<double> headroom_of(const Evidence& evidence, WorkIs work,
                                  double exceeded, bool counted) {
  const bool enough = evidence.runs >= kFewestRuns ||
                      (work == WorkIs::jobs && evidence.jobs >= kFewestJobs &&
                       evidence.runs > 0);
  if (!enough || !is_straight(evidence, work)) return std::nullopt;
  const double ceiling = counted ? kCountedCeiling : kSampledCeiling;
  const double covering = std::min(ceiling, 1 / (1 + exceeded));
  // As learn_headroom() gives it.
  const double value = std::floor(covering * 100 + 1e-9) / 100;
  if (value <= kDefaultHeadroom) return std::nullopt;
  return value;
}

}  // namespace

std::optional<LearnedCosts> learn_costs(const std::vector<RunRecord>& records,
                                        WorkIs work) {
  Evidence evidence;
  LearnedCosts learned;
  double exceeded = 0;
  bool counted = true;
  for (const RunRecord& run : records) {
    const auto points = points_of(run, work);
    if (points.empty()) continue;
    if (teaches(evidence, work))
      exceeded =
          std::max(exceeded, excess_over(costs_of(evidence, work), points));
    add(evidence, run, work);
    counted = counted && run.certainty == Certainty::counted;
    learned.last = run.time.substr(0, run.time.find('T'));
  }
  if (!teaches(evidence, work)) return std::nullopt;
  learned.costs = costs_of(evidence, work);
  learned.runs = std::max<std::size_t>(1, evidence.runs);
  learned.headroom = headroom_of(evidence, work, exceeded, counted);
  if (work == WorkIs::counts) {
    std::set<std::uint64_t> counts;
    for (const EnvelopePoint& point : evidence.points)
      counts.insert(point.jobs);
    if (counts.size() == 1 && *counts.begin() > 1)
      learned.least_known = *counts.begin();
  }
  return learned;
}

std::string origin_of(const LearnedCosts& learned) {
  return "learned from " + fitrun::counted(learned.runs, "run") + ", last " +
         learned.last;
}

}  // namespace fitrun
