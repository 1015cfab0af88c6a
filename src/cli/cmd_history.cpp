#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/learning.h"
#include "launch/target.h"
#include "measure/history.h"
#include "measure/runs_file.h"

namespace fitrun {
namespace {

// Also of a descriptor that is gone.
RunsOf runs_named(const std::string& name, const Environment& environment) {
  Stage gone;
  gone.file = stage_file(name, environment);
  if (::access(gone.file.c_str(), R_OK) != 0) return runs_of(gone);
  return runs_of(read_stage(name, environment, CostRule::optional));
}

}  // namespace

ExitStatus history_command(const Options& options,
                           const Environment& environment) {
  const StatePlace place = state_place(environment);
  if (place.folder.empty())
    throw Failure(std::string("history: ") + kNoStatePlace);
  const std::string& named = options.launch.stage;
  const RunsOf these =
      named.empty() ? RunsOf() : runs_named(named, environment);
  const RunHistory history = read_history(place, these).value();
  const std::vector<RunRecord>& runs = history.runs;
  for (const std::string& note : history.notes)
    log_line(LogLevel::warning, "fitrun: " + note);
  if (options.forget) {
    [[maybe_unused]] const auto lines = forget_runs(place, these).value();
    print(printable("forgotten: " + counted(runs.size(), "run") +
                    (named.empty() ? "" : " of " + named)) +
          "\n");
  } else if (options.format == Format::json) {
    print(history_json(runs));
  } else if (runs.empty()) {
    print(
        printable("no runs in " + place.runs() +
                  (named.empty() ? "" : " of " + named) +
                  "; those whose costs nobody declared are recorded, and those "
                  "with --watch") +
        "\n");
  } else {
    print_screen(printable_lines(render_history(runs, named.empty()) +
                                 lessons_of(runs, environment)));
  }
  return ExitStatus::ok;
}

}  // namespace fitrun
