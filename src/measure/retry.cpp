#include "measure/retry.h"

#include <algorithm>

namespace fitrun {
namespace {

constexpr double kAboutAsMuch = 1.1;
constexpr std::uint64_t kCleanRuns = 3;

}  // namespace

bool killed_for_memory(const RunOutcome& run) {
  return run.asked_to_end == 0 && run.peak.oom_kills.value_or(0) > 0 &&
         (run.peak.kills_are_its_own || run.end.wait_status != 0);
}

std::optional<std::uint64_t> own_kills(const RunOutcome& run) {
  const bool sure = run.peak.kills_are_its_own || killed_for_memory(run);
  if (sure || run.peak.oom_kills == 0) return run.peak.oom_kills;
  return std::nullopt;
}

CountBounds bounds_of(const std::vector<RunRecord>& records,
                      std::uint64_t available) {
  // The same machine has a little more or less free at each launch.
  const std::uint64_t about = available - available / 20;
  CountBounds bounds;
  for (const RunRecord& record : records) {
    const bool killed = record.oom_kills.value_or(0) > 0;
    if (record.held || !killed || record.available < about) continue;
    if (bounds.fails == 0 || record.workers < bounds.fails)
      bounds.fails = record.workers;
  }
  for (const RunRecord& record : records) {
    const bool worked =
        !record.held && record.wait_status == 0 && record.oom_kills == 0;
    const bool below = bounds.fails == 0 || record.workers < bounds.fails;
    if (worked && below) bounds.works = std::max(bounds.works, record.workers);
  }
  return bounds;
}

std::optional<KillCap> cap_of_kills(const std::vector<RunRecord>& records,
                                    std::uint64_t available) {
  std::optional<KillCap> cap;
  std::vector<std::uint64_t> worked;
  for (const RunRecord& record : records) {
    const double then = static_cast<double>(record.available);
    if (record.held || static_cast<double>(available) > kAboutAsMuch * then)
      continue;
    if (record.oom_kills.value_or(0) > 0) {
      std::uint64_t below = std::max<std::uint64_t>(1, record.workers / 2);
      for (const std::uint64_t count : worked)
        if (count < record.workers) below = std::max(below, count);
      if (cap) below = std::min(below, cap->workers);
      cap = {below, record.workers, 0};
      continue;
    }
    const bool failed = record.wait_status.value_or(0) != 0;
    if (!record.oom_kills || failed) continue;
    worked.push_back(record.workers);
    if (!cap || record.workers != cap->workers || ++cap->clean < kCleanRuns)
      continue;
    cap->clean = 0;
    if (++cap->workers > cap->killed) cap.reset();
  }
  return cap;
}

std::optional<std::uint64_t> retry_count(std::uint64_t workers,
                                         CountBounds& bounds) {
  if (bounds.fails == 0 || workers < bounds.fails) bounds.fails = workers;
  if (bounds.works >= bounds.fails) bounds.works = 0;
  if (workers <= 1) return std::nullopt;
  return std::max(bounds.works, workers / 2);
}

}  // namespace fitrun
