#include "cli/commands.h"
#include "launch/run_stage.h"

namespace fitrun {

ExitStatus run_command(const Options& options, const Environment& environment) {
  run_stage(options.launch, Host(options.root),
            caller_of(options, environment));
}

}  // namespace fitrun
