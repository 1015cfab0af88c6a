#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/recording.h"
#include "launch/target.h"
#include "measure/history.h"
#include "measure/runs_file.h"

namespace fitrun {

ExitStatus history_command(const Options& options,
                           const Environment& environment) {
  const StatePlace place = state_place(environment);
  if (place.folder.empty())
    throw Failure(std::string("history: ") + kNoStatePlace);
  std::string stage;
  if (!options.launch.stage.empty())
    stage = stage_id(stage_file(options.launch.stage, environment));
  const RunHistory history = read_history(place, {.stage = stage}).value();
  const std::vector<RunRecord>& runs = history.runs;
  for (const std::string& note : history.notes)
    log_line(LogLevel::warning, "fitrun: " + note);
  if (options.format == Format::json) {
    print(history_json(runs));
  } else if (runs.empty()) {
    print(printable("no runs in " + place.runs() +
                    (stage.empty() ? "" : " of " + stage) +
                    "; fitrun --watch records them") +
          "\n");
  } else {
    print(render_history(runs, stage.empty()));
  }
  return ExitStatus::ok;
}

}  // namespace fitrun
