// A plan for people: every number with its origin, and the memory as a bar.

#pragma once

#include <string>

#include "plan/plan.h"
#include "plan/text_style.h"

namespace fitrun {

std::string render_text(const Plan& plan, const TextStyle& style);

}  // namespace fitrun
