// `fitrun measure STAGE -- COMMAND`: set the memory aside, run the command at
// several counts, say what it costs, write what was asked for.

#pragma once

#include <functional>
#include <string>

#include "launch/caller.h"
#include "launch/options.h"
#include "measure/measure.h"
#include "measure/report.h"
#include "os/host.h"

namespace fitrun {

// How the one who asked is shown what goes on.
struct MeasureView {
  // At every look and after every run; `tag` begins a line about the stage.
  std::function<void(const std::string& tag, const MeasureProgress&)> progress;
  std::function<void()> runs_ended;
  std::function<void(const MeasureReport&)> report;
  // What was or could be written, whole lines.
  std::function<void(const std::string&)> outcome;
};

// Returns where all runs were made; else this process ends as the run did that
// failed. Throws Failure.
void measure_stage(const LaunchOptions& options, const MeasureOptions& measure,
                   const Host& host, const MeasureView& view,
                   const Caller& caller);

}  // namespace fitrun
