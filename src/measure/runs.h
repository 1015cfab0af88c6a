// What past runs of a stage took: one JSON line for each in a file of the
// user's (runs_file.h). Pure.
//
// A run that lasts writes more than one line: each has its name ("run"), and
// the last that was written counts. Those but the last say "checkpoint", so
// that of a run whose recorder was killed with it the numbers up to then are
// known.
//
//   {"v": 1, "run": "186f3b1c-4d2", "time": "2026-01-31T12:00:00Z", ...}
//
// "v" rises when a key changes its meaning; a line of a later version is left
// out. A key that is new does not raise it: readers ignore what they do not
// know. Lines without "v" are from before there were versions, and read alike.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "measure/envelope.h"
#include "measure/job_peaks.h"
#include "measure/peak_meter.h"

namespace fitrun {

// All numbers of memory are bytes.
struct RunRecord {
  std::string run;  // names the run; empty where it has one line only
  bool checkpoint = false;
  std::string time;   // of this line, "2026-01-31T12:00:00Z"
  std::string stage;  // absolute path of the descriptor; empty without one
  // The tool, or the program of a command that is none; empty where a stage of
  // the user's was run.
  std::string tool;
  std::string project;  // absolute path of its folder
  std::string kind;     // of command line, for people too
  std::string label;
  std::vector<std::string> command;
  std::uint64_t workers = 0;
  std::uint64_t available = 0;  // before the run
  double fixed = 0;             // as declared
  double per_worker = 0;
  std::optional<std::uint64_t> peak;  // empty: nobody saw it
  Certainty certainty = Certainty::at_least;
  std::string method;
  double seconds = 0;
  // Empty where nobody could see it: a keeper is not the parent.
  std::optional<int> wait_status;
  // Of this run's processes; empty where nothing counts them alone.
  std::optional<std::uint64_t> oom_kills;
  // Its jobs were held where they did not fit: `workers` is how many there
  // were, and nobody ran so many.
  bool held = false;
  std::vector<EnvelopePoint> envelope{};
  JobPeaks jobs{};

  double declared() const {
    return fixed + static_cast<double>(workers) * per_worker;
  }
};

nlohmann::ordered_json to_json(const RunRecord& record);

// One line, with its end. A command line is cut to what a person would read.
std::string to_json_line(const RunRecord& record);

// What the lines say: the runs in the order of their first lines, and how many
// lines say nothing.
struct ParsedRuns {
  std::vector<RunRecord> runs;
  std::size_t damaged = 0;
  std::size_t newer = 0;  // of a later version
};

// Which runs: what is empty here is left open. As the records have it: UTF-8.
struct RunsOf {
  std::string stage{};
  std::string tool{};
  std::string project{};
  std::string kind{};
};

// A record from before there were projects and kinds is of all of them.
bool is_of(const RunRecord& record, const RunsOf& of);

// The last `most` of those; lines of others are not looked into for damage.
ParsedRuns parse_runs(std::string_view text, const RunsOf& of = {},
                      std::size_t most = SIZE_MAX);

// By how much the peak was above what was declared, as a share, where that is
// more than a tenth: worth a warning, never a failure.
std::optional<double> excess_of(const RunRecord& record);

// A time as the records write it.
std::string utc_time(std::int64_t seconds_since_1970);

}  // namespace fitrun
