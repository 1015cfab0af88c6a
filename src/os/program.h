// Where programs are: this one, beside which the files that belong to it are
// found, from the build tree and when installed alike, and others in PATH.

#pragma once

#include <string>

#include "base/result.h"
#include "os/environment.h"

namespace fitrun {

// The folder of the running program, without a slash at its end; "" where /proc
// does not tell.
std::string program_folder();

// The folder above that one, with a slash at its end: "/usr/". "" likewise.
std::string installation_folder();

// The file that execvp would start by this name; the error's `code` is its
// errno where there is none.
Result<std::string> find_program(const std::string& name,
                                 const Environment& environment);

}  // namespace fitrun
