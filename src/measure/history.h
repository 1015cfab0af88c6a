// Past runs of a stage, as a table or as JSON. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "measure/runs.h"

namespace fitrun {

// Newest last. `with_stage` says whose each run is, for a list of all.
std::string render_history(const std::vector<RunRecord>& runs, bool with_stage);

// Whose runs these are, for people: "make in /home/me/project".
std::string subject_of(const RunRecord& run);

// An array of the records as they are in the file.
std::string history_json(const std::vector<RunRecord>& runs);

// "the last run took 1.3 GB, 24 % more than declared (1.0 GB with 4 workers)":
// what is warned of; empty where the declaration holds. `subject` is "the run"
// or "the last run".
std::string excess_line(const RunRecord& run, std::string_view subject);

}  // namespace fitrun
