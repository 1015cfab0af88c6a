// The user's own probe: a command that prints the free bytes of a pool.
//
// The way out for every memory that fitrun cannot measure. What it prints is
// final: no built-in source is asked beside it.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/constraint.h"

namespace fitrun::probe {

// Runs `argv`. An error, which names the command, where it cannot be started,
// fails, does not end in time, or prints anything but one size.
Result<Constraint> custom(const std::vector<std::string>& argv,
                          std::chrono::milliseconds timeout);

}  // namespace fitrun::probe
