#include <unistd.h>

#include "cli/commands.h"
#include "cli/live_line.h"
#include "cli/log.h"
#include "launch/measure_stage.h"
#include "measure/progress.h"
#include "measure/render_report.h"
#include "measure/report_json.h"

namespace fitrun {

ExitStatus measure_command(const Options& options,
                           const Environment& environment) {
  const bool text = options.format == Format::text;
  LiveLine line;
  MeasureView view;
  view.progress = [&](const std::string& tag, const MeasureProgress& progress) {
    if (options.verbosity == Verbosity::quiet) return;
    if (!progress.outcome) return line.show(tag + live_line(progress));
    line.clear();
    log_line(LogLevel::info, tag + done_line(progress));
  };
  view.runs_ended = [&] { line.clear(); };
  view.report = [&](const MeasureReport& report) {
    if (!text) return print(report_json(report));
    print_screen(render_report(report, style_for(STDOUT_FILENO)));
  };
  view.outcome = [&](const std::string& outcome) {
    if (text) print(outcome);
  };
  measure_stage(options.launch, options.measure, Host(), view,
                caller_of(options, environment));
  return ExitStatus::ok;
}

}  // namespace fitrun
