// A plan for people: every number with its origin, and the memory as a bar.

#pragma once

#include <string>

#include "plan/plan.h"

namespace fitrun {

// What the terminal can show. Without `unicode` the bar is drawn in ASCII.
struct TextStyle {
  bool colour = false;
  bool unicode = false;
};

std::string render_text(const Plan& plan, const TextStyle& style);

}  // namespace fitrun
