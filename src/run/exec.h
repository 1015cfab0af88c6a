// Becoming the command: same process, same terminal, same descriptors.
//
// Nothing of fitrun is left behind. Signal mask and dispositions were never
// touched, and everything fitrun opened is close-on-exec, so the command starts
// as it would have without fitrun, but for the variables given here.

#pragma once

#include <string>
#include <vector>

#include "base/environment_changes.h"
#include "base/result.h"

namespace fitrun {

// Why a command could not be started, `code` being the errno of execvp, in
// words that say what to do about it.
Failure cannot_start(const std::string& name, int code);

// Looks argv[0] up in PATH, the new one where `changes` sets it. Only
// returns by throwing Failure: 127 where the command is not found, 126 where it
// cannot be started (not executable, a folder, too many arguments).
[[noreturn]] void become(const std::vector<std::string>& argv,
                         const EnvironmentChanges& changes);

}  // namespace fitrun
