// What past runs of a stage took: one JSON line each in a file of the user's.
//
//   $XDG_STATE_HOME/fitrun/runs.jsonl     (~/.local/state where it is unset)
//
// A line is appended with one write, so that runs that end together do not mix.
// Reading takes what it can: a line cut short by a full disk, or written by a
// later version, costs that line.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "measure/peak_meter.h"
#include "os/environment.h"

namespace fitrun {

// All numbers of memory are bytes.
struct RunRecord {
  std::string time;   // the end of the run, "2026-01-31T12:00:00Z"
  std::string stage;  // absolute path of the descriptor; empty without one
  std::string label;
  std::vector<std::string> command;
  std::uint64_t workers = 0;
  std::uint64_t available = 0;  // before the run
  double fixed = 0;             // as declared
  double per_worker = 0;
  std::optional<std::uint64_t> peak;
  Certainty certainty = Certainty::at_least;
  std::string method;
  double seconds = 0;
  // Empty where nobody could see it (a detached observer is not the parent).
  std::optional<int> wait_status;
  std::optional<std::uint64_t> oom_kills;

  double declared() const {
    return fixed + static_cast<double>(workers) * per_worker;
  }
};

// One line, with its end.
std::string to_json_line(const RunRecord& record);

// Empty for a line that is no record.
std::optional<RunRecord> parse_json_line(std::string_view line);

// The records among the lines, oldest first; only those of `stage` unless it is
// empty.
std::vector<RunRecord> parse_runs(std::string_view text,
                                  const std::string& stage);

// By how much the peak was above what was declared, as a share, where that is
// more than a tenth: worth a warning, never a failure.
std::optional<double> excess_of(const RunRecord& record);

// Empty where neither XDG_STATE_HOME, which must be absolute to count, nor HOME
// is set.
std::string runs_path(const Environment& environment);

// Makes the folders that are missing, for the user alone.
Result<bool> append_run(const std::string& path, const RunRecord& record);

// No file is no runs.
Result<std::vector<RunRecord>> read_runs(const std::string& path,
                                         const std::string& stage);

// A time as the records write it.
std::string utc_time(std::int64_t seconds_since_1970);

}  // namespace fitrun
