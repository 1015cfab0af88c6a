// What is said while a measurement runs. Pure.

#pragma once

#include <chrono>
#include <string>

#include "measure/measure.h"

namespace fitrun {

// "run 3 of 6, 4 workers: 12 s, 1.2 GB now, about 36 s left".
std::string live_line(const MeasureProgress& progress);

// "0.4 s", "12 s", "3 min 20 s".
std::string time_text(std::chrono::milliseconds elapsed);

// "run 3 of 6, 4 workers: 1.3 GB in 12 s; 3 more runs, about 36 s", once
// `progress.outcome` is set.
std::string done_line(const MeasureProgress& progress);

}  // namespace fitrun
