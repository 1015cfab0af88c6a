// What becomes of a measurement: the picture, the descriptor, and what is said
// about them.

#pragma once

#include <string>
#include <vector>

#include "launch/measure_targets.h"
#include "measure/report.h"
#include "os/environment.h"

namespace fitrun {

// Draws and writes what was asked for. A measurement that ended before its time
// is not written. Returns what was or could be written, as text; "" where there
// is nothing to say. Throws Failure where a file cannot be written, or nothing
// was learned that could be.
std::string conclude(const MeasureReport& report,
                     const std::vector<std::string>& command,
                     MeasureTargets targets, const Environment& environment);

}  // namespace fitrun
