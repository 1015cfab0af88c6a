#include "launch/measure_outcome.h"

#include <time.h>

#include "base/text.h"
#include "measure/plot.h"
#include "measure/render_report.h"
#include "measure/runs.h"
#include "os/file.h"
#include "stage/edit.h"
#include "stage/parse.h"

namespace fitrun {
namespace {

std::string today() {
  return utc_time(::time(nullptr)).substr(0, 10);
}

// A descriptor for a stage that had none. What says of each number that it is
// new would say nothing.
std::string new_descriptor(const MeasureReport& report,
                           const std::vector<std::string>& command) {
  std::string text = "want    = \"cpus\"\ncommand = [";
  for (std::size_t i = 0; i < command.size(); ++i)
    text += (i == 0 ? "" : ", ") + toml_string(command[i]);
  const std::string edited =
      edit_descriptor(text + "]\n", edits_of(report), today()).value();
  std::string out = "# learned by fitrun measure, " + today() + "\n";
  for (const std::string_view line : lines(edited))
    if (!line.starts_with('#')) out += std::string(line) + "\n";
  return out;
}

void write_numbers(const MeasureReport& report, const std::string& before,
                   const Environment& environment) {
  const std::string after =
      edit_descriptor(before, edits_of(report), today()).value();
  const auto parsed = parse_stage(after, report.stage, environment);
  if (const auto* const mistakes =
          std::get_if<std::vector<Diagnostic>>(&parsed)) {
    throw Failure("--write: nothing was written, " + printable(report.stage) +
                  " would not be valid:\n" +
                  render_diagnostics(*mistakes, report.stage, after));
  }
  replace_descriptor(report.stage, before, after).value();
}

// "a.svg" and, for the second pool, "a.vram.svg".
void write_plots(const MeasureReport& report, const std::string& path) {
  bool first = true;
  for (const PoolReport& pool : report.pools) {
    if (pool.learned.samples.empty()) continue;
    std::string name = path;
    if (!first) {
      const std::size_t dot = name.rfind(".svg");
      name.insert(dot == std::string::npos ? name.size() : dot,
                  "." + std::string(key_of(pool.needs.pool)));
    }
    first = false;
    replace_file(name, plot_svg(plot_of(report, pool))).value();
  }
}

}  // namespace

std::string conclude(const MeasureReport& report, const MeasureOptions& options,
                     const std::vector<std::string>& command,
                     const std::string& before,
                     const Environment& environment) {
  if (!options.plot.empty()) write_plots(report, options.plot);
  const bool complete = report.measurement.stopped.empty();
  if (edits_of(report).empty()) return "";
  if (report.stage.empty())
    return "\nAs a descriptor:\n\n" + new_descriptor(report, command);
  std::string list;
  for (const PoolReport& pool : report.pools)
    for (const NumberEdit& edit : pool.proposal.edits)
      list += "  " + printable(describe_edit(edit, pool.needs)) + "\n";
  if (!options.write || !complete) {
    return "\n--write puts these into " + printable(report.stage) + ":\n" +
           list;
  }
  write_numbers(report, before, environment);
  return "\nWritten into " + printable(report.stage) + ":\n" + list;
}

}  // namespace fitrun
