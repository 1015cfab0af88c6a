// What becomes of a measurement: the report, the picture, the descriptor.

#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "measure/report.h"

namespace fitrun {

// Prints the report to standard output.
void show(const MeasureReport& report, const Options& options);

// Draws and writes what was asked for, and says what was or could be written;
// `before` is the descriptor's text before the runs. A measurement that ended
// before its time is not written. Throws Failure where a file cannot be.
void conclude(const MeasureReport& report, const Options& options,
              const std::vector<std::string>& command,
              const std::string& before, const Environment& environment);

}  // namespace fitrun
