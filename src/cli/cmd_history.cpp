#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/recording.h"
#include "measure/history.h"
#include "stage/find.h"

namespace fitrun {

ExitStatus history_command(const Options& options,
                           const Environment& environment) {
  const std::string path = runs_path(environment);
  if (path.empty())
    throw Failure("history: neither XDG_STATE_HOME nor HOME is set");
  std::string stage;
  if (!options.launch.stage.empty())
    stage = stage_id(find_stage(options.launch.stage, environment).value());
  const auto runs = read_runs(path, stage).value();
  if (options.format == Format::json) {
    print(history_json(runs));
  } else if (runs.empty()) {
    print(printable("no runs in " + path +
                    (stage.empty() ? "" : " of " + stage) +
                    "; fitrun --watch records them") +
          "\n");
  } else {
    print(render_history(runs, stage.empty()));
  }
  return ExitStatus::ok;
}

}  // namespace fitrun
