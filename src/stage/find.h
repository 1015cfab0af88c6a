// What a STAGE on the command line names: an open file, a path, a stage of the
// project's own file, or a descriptor among those of the user and of the
// installation.
//
// Files are looked for here and not parsed: whether a descriptor is a tool's,
// and what is wrong with it, is for whoever reads it.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/environment.h"
#include "stage/project.h"

namespace fitrun {

// Of a descriptor, bytes.
inline constexpr std::size_t kLargestDescriptor = 1U << 20;

// $XDG_CONFIG_HOME/fitrun (~/.config/fitrun), where a name is looked up first;
// "" where neither that nor HOME is set.
std::string user_config_folder(const Environment& environment);

// share/fitrun beside the program's own bin/, in the build tree and when
// installed alike; "" where /proc does not tell.
std::string installed_folder();

// $XDG_CONFIG_HOME/fitrun (~/.config/fitrun), its configs/, and the installed
// configs/.
std::vector<std::string> config_folders(const Environment& environment);

// The descriptor of that name in the folders above, the first one; "" where
// there is none. `name` has no "/".
std::string find_config(const std::string& name,
                        const Environment& environment);

struct ConfigName {
  std::string name;
  std::string file;
};

// Every name that find_config() finds, sorted.
std::vector<ConfigName> list_configs(const Environment& environment);

struct FoundStage {
  enum class Place {
    nowhere,
    open_file,  // "-", /dev/stdin, or what <(...) of a shell gives
    path,       // named by its path, whether it is there or not
    project,    // a [stages.NAME] of the project's file
    config,     // looked up in the folders above
  };
  Place place = Place::nowhere;
  std::string file{};  // the descriptor; "-" for an open file
  int descriptor = 0;  // of an open file
  Project project{};   // that a bare name was looked up in
};

// A word with "/" or ".toml" is a path; any other is looked up in the project's
// file, in the folders above, and in the current one.
FoundStage find_stage(const std::string& name, const Environment& environment);

// The text of what was found. The error names the file.
Result<std::string> read_found(const FoundStage& found);

}  // namespace fitrun
