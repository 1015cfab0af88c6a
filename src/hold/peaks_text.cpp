#include "hold/peaks_text.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace fitrun {
namespace {

constexpr std::string_view kHeader = "fitrun-jobs ";
constexpr std::string_view kKind = "kind ";

// False where it is no such line.
bool take_job(std::string_view line, const std::string& kind,
              std::uint64_t today, KnownPeaks& known) {
  const std::vector<std::string_view> fields = words(line);
  if (fields.size() != 5 || fields[0].size() != 16) return false;
  JobHash hash = 0;
  const auto [end, error] =
      std::from_chars(fields[0].begin(), fields[0].end(), hash, 16);
  if (error != std::errc() || end != fields[0].end()) return false;
  KnownJob job;
  job.kind = kind;
  const auto day = parse_count(fields[1]);
  if (!day) return false;
  job.day = *day;
  for (std::size_t i = 0; i < job.peaks.size(); ++i) {
    const auto peak = parse_count(fields[2 + i]);
    if (!peak) return false;
    job.peaks[i] = *peak;
  }
  if (*day + kDaysKept >= today) known.add(hash, std::move(job));
  return true;
}

}  // namespace

ParsedPeaks parse_peaks(std::string_view text, std::uint64_t today) {
  ParsedPeaks parsed;
  if (text.empty()) return parsed;
  const std::string_view header = take_line(text);
  if (header != "fitrun-jobs 1") {
    parsed.newer = header.starts_with(kHeader);
    parsed.damaged = parsed.newer ? 0 : 1;
    return parsed;
  }
  std::string kind;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with(kKind))
      kind = line.substr(kKind.size());
    else if (!take_job(line, kind, today, parsed.known))
      ++parsed.damaged;
  }
  return parsed;
}

std::string format_peaks(const KnownPeaks& known) {
  using Entry = std::pair<JobHash, const KnownJob*>;
  std::vector<Entry> jobs;
  for (const auto& [hash, job] : known.jobs()) jobs.emplace_back(hash, &job);
  std::sort(jobs.begin(), jobs.end(), [](const Entry& a, const Entry& b) {
    return std::pair(b.second->day, a.first) <
           std::pair(a.second->day, b.first);
  });
  jobs.resize(std::min(jobs.size(), kMostKnownJobs));
  std::map<std::string_view, std::vector<Entry>> kinds;
  for (const Entry& job : jobs) kinds[job.second->kind].push_back(job);
  std::string text = "fitrun-jobs 1\n";
  for (const auto& [kind, entries] : kinds) {
    text += fmt::format("kind {}\n", kind);
    for (const auto& [hash, job] : entries)
      text += fmt::format("{:016x} {} {} {} {}\n", hash, job->day,
                          job->peaks[0], job->peaks[1], job->peaks[2]);
  }
  return text;
}

}  // namespace fitrun
