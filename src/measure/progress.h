// What is said while a measurement runs. Pure.

#pragma once

#include <string>

#include "measure/measure.h"

namespace fitrun {

// "run 3 of 6, 4 workers: 12 s, 1.2 GB now": for a line that is written over.
std::string live_line(const MeasureProgress& progress);

// "run 3 of 6, 4 workers: 1.3 GB in 12 s", once `progress.outcome` is set.
std::string done_line(const MeasureProgress& progress);

}  // namespace fitrun
