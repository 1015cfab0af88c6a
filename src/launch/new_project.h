// A fitrun.toml to start from: one stage for what this project is built or
// tested with, commented.

#pragma once

#include <string>

#include "launch/caller.h"
#include "plan/target.h"

namespace fitrun {

// Writes fitrun.toml into the current folder and says what to do with it.
// `tool` is a name in the folders of descriptors; "": by the files that stand
// here. The costs are what its runs here have taught, else those of its
// descriptor. Throws Failure where the file is there already, and where there
// is no such tool.
std::string write_new_project(const std::string& tool, const Caller& caller);

// The text that is written: a stage that runs the target's command at its costs
// in RAM.
std::string new_project_text(const Target& target, const std::string& tool);

}  // namespace fitrun
