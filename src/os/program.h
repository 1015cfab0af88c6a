// Where this program is, which is where the files that belong to it are found:
// from the build tree and when installed alike.

#pragma once

#include <string>

namespace fitrun {

// The folder of the running program, without a slash at its end; "" where /proc
// does not tell.
std::string program_folder();

}  // namespace fitrun
