// What becomes of a measurement: the picture, the descriptor, and what is said
// about them.

#pragma once

#include <string>
#include <vector>

#include "launch/options.h"
#include "measure/report.h"
#include "os/environment.h"

namespace fitrun {

// Draws and writes what was asked for; `before` is the descriptor's text before
// the runs. A measurement that ended before its time is not written. Returns
// what was or could be written, as text; "" where there is nothing to say.
// Throws Failure where a file cannot be written.
std::string conclude(const MeasureReport& report, const MeasureOptions& options,
                     const std::vector<std::string>& command,
                     const std::string& before, const Environment& environment);

}  // namespace fitrun
