// What is to be run, and by whose costs: a stage, a command with its
// placeholders still in it, and the tool that the command is, if it is one.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stage/stage.h"
#include "stage/tool.h"

namespace fitrun {

struct Target {
  // Wishes applied. Of `fitrun make -j16` the tool's own descriptor; of flags
  // alone one without a file.
  Stage stage;
  std::vector<std::string> command{};  // may be empty where nothing is run
  // How the command says the count; also beside a stage of the user's own.
  std::optional<Tool> tool{};
  bool as_is = false;  // nothing in `command` is replaced or rewritten
};

}  // namespace fitrun
