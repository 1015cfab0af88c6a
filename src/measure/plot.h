// The runs of a measurement as a picture: the points, the line through them and
// what the machine can give. Pure.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fit/regress.h"
#include "plan/text_style.h"

namespace fitrun {

struct PlotInput {
  std::string title;
  std::vector<Sample> samples;
  Costs line;
  std::optional<double> budget;  // bytes
};

// For a terminal; lines of at most its columns, 40 at least.
std::string plot_text(const PlotInput& input, const TextStyle& style);

// A whole SVG file. Colours that can be told apart in black and white, too.
std::string plot_svg(const PlotInput& input);

}  // namespace fitrun
