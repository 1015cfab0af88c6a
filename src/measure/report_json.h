// The report of a measurement for programs.

#pragma once

#include <string>

#include "measure/report.h"

namespace fitrun {

// One JSON object; numbers of memory are bytes, names are the glossary's.
std::string report_json(const MeasureReport& report);

}  // namespace fitrun
