// A fitrun.toml to start from: one stage for what this project is built or
// tested with, commented.

#pragma once

#include <string>

#include "os/environment.h"

namespace fitrun {

// Writes fitrun.toml into the current folder and says what to do with it.
// `tool` is a name in the folders of descriptors; "": by the files that stand
// here. Throws Failure where the file is there already, and where there is no
// such tool.
std::string write_new_project(const std::string& tool,
                              const Environment& environment);

// The text that is written: a stage that runs `tool` at `per_worker` (as in a
// descriptor), for which `source` speaks.
std::string new_project_text(const std::string& tool,
                             const std::string& per_worker,
                             const std::string& source);

}  // namespace fitrun
