// MAKEFLAGS as GNU make hands it from one make to the next, and what is added
// to it here.
//
// Its first word is letters of options without "-" ("kn"), or none; options
// follow, and behind " -- " the variables of the command line. Who replaced it
// would lose an outer "-n", and run for real what was only to be shown.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fitrun {

// The jobserver of a make that runs already, as it is handed on: "3,4" for two
// pipes, "fifo:PATH". Empty: there is none.
std::optional<std::string_view> jobserver_in(std::string_view makeflags);

// `inherited` with the options and variables of `added` behind its own, where
// they win; unchanged where it hands on a jobserver.
std::string add_makeflags(std::string_view inherited, std::string_view added);

}  // namespace fitrun
