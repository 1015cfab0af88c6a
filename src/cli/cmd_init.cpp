#include "cli/commands.h"
#include "cli/log.h"
#include "launch/new_project.h"

namespace fitrun {

ExitStatus init_command(const Options& options,
                        const Environment& environment) {
  const std::string tool = options.words.empty() ? "" : options.words.front();
  print(write_new_project(tool, caller_of(options, environment)));
  return ExitStatus::ok;
}

}  // namespace fitrun
