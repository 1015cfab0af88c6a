// Where descriptors live.
//
// STAGE on the command line is a path; a bare name ("cpp-build") is looked up
// in the user's folders and then among the descriptors that came with fitrun.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/environment.h"

namespace fitrun {

// $XDG_CONFIG_HOME/fitrun (~/.config/fitrun), where a name is looked up first;
// "" where neither that nor HOME is set.
std::string user_config_folder(const Environment& environment);

// $XDG_CONFIG_HOME/fitrun (~/.config/fitrun), its configs/, and the installed
// share/fitrun/configs beside the program's own bin/.
std::vector<std::string> config_folders(const Environment& environment);

// The path of the descriptor. The error names every place that was searched
// and the nearest name there is.
Result<std::string> find_stage(const std::string& name,
                               const Environment& environment);

}  // namespace fitrun
