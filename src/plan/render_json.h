// A plan for programs. The keys are a contract: more may come, these stay.

#pragma once

#include <string>

#include "plan/plan.h"

namespace fitrun {

// One JSON object and a line end. Byte counts are whole numbers, rounded down.
std::string render_json(const Plan& plan);

// Lines that a shell can eval: FITRUN_THREADS=4, what decided, and the
// variables that the stage sets.
std::string render_shell(const Plan& plan);

}  // namespace fitrun
