// The report of a measurement for people: the runs against the line, the costs
// with how sure they are, and what to do with them.

#pragma once

#include <string>

#include "measure/report.h"
#include "plan/text_style.h"

namespace fitrun {

std::string render_report(const MeasureReport& report, const TextStyle& style);

// What plot_text() and plot_svg() draw of it: one picture for each pool that
// was learned.
struct PlotInput;
PlotInput plot_of(const MeasureReport& report, const PoolReport& pool);

}  // namespace fitrun
