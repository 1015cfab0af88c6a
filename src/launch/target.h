// From what was asked for to what is to be run: the stage that a name is, the
// tool that a command is, and by whose costs it runs.

#pragma once

#include <string>
#include <vector>

#include "launch/options.h"
#include "os/environment.h"
#include "plan/target.h"
#include "stage/stage.h"

namespace fitrun {

// The file that a STAGE is in, whether it is there or not. Throws Failure where
// the name is none.
std::string stage_file(const std::string& name, const Environment& environment);

// Reads a descriptor. Throws Failure with every mistake in it.
Stage read_stage(const std::string& name, const Environment& environment,
                 CostRule rule = CostRule::required);

// Every stage of the file that is named, which are several of a project's file.
std::vector<Stage> read_stages(const std::string& name,
                               const Environment& environment);

// What was asked for: the stage, wishes applied, and its command. Without a
// STAGE the costs are those of the tool that the command is; a command of which
// nothing is known costs nothing. Throws Failure with every mistake of the
// descriptor.
Target load_target(const LaunchOptions& options, const Environment& environment,
                   CostRule rule = CostRule::required);

// Throws Failure where the target has no command.
void require_command(const Target& target);

}  // namespace fitrun
