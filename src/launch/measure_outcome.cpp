#include "launch/measure_outcome.h"

#include <time.h>

#include <algorithm>

#include "base/text.h"
#include "measure/plot.h"
#include "measure/render_report.h"
#include "measure/runs.h"
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

Result<void> write_numbers(const MeasureReport& report, MeasureTargets& targets,
                           const Environment& environment) {
  const std::string nothing = "--write: nothing was written: ";
  if (const std::string doubt = doubt_of(report); !doubt.empty())
    return Error{nothing + doubt};
  const auto after = edit_descriptor(targets.before, edits_of(report), today());
  if (!after) return Error{nothing + after.error().message};
  const auto parsed = parse_stage(*after, targets.descriptor, environment);
  if (const auto* const mistakes =
          std::get_if<std::vector<Diagnostic>>(&parsed)) {
    return Error{nothing + printable(targets.descriptor) +
                 " would not be valid:\n" +
                 render_diagnostics(*mistakes, targets.descriptor, *after)};
  }
  return std::move(*targets.file).write(*after);
}

Result<void> draw(const MeasureReport& report,
                  std::vector<UserFile>& pictures) {
  for (std::size_t i = 0; i < std::min(pictures.size(), report.pools.size());
       ++i) {
    const PoolReport& pool = report.pools[i];
    if (pool.learned.samples.empty()) continue;
    Result<void> done =
        std::move(pictures[i]).write(plot_svg(plot_of(report, pool)));
    if (!done) return done;
  }
  return {};
}

std::string list_of_edits(const MeasureReport& report) {
  std::string list;
  for (const PoolReport& pool : report.pools)
    for (const NumberEdit& edit : pool.proposal.edits)
      list += "  " + printable(describe_edit(edit, pool.needs)) + "\n";
  return list;
}

}  // namespace

std::string conclude(const MeasureReport& report,
                     const std::vector<std::string>& command,
                     MeasureTargets targets, const Environment& environment) {
  const bool complete = report.measurement.stopped.empty();
  const bool write = targets.file && complete;
  Result<void> written;
  if (write) written = write_numbers(report, targets, environment);
  // A picture that cannot be drawn does not cost the numbers, nor they it.
  const auto drawn = draw(report, targets.pictures);
  if (!written) throw Failure(written.error());
  if (!drawn) throw Failure("--plot: " + drawn.error().message);
  // Of runs that were broken off nobody knows whether they are right.
  if (!complete || edits_of(report).empty()) return "";
  if (targets.descriptor.empty())
    return "\nAs a descriptor:\n\n" + new_descriptor(report, command);
  const std::string list =
      printable(targets.descriptor) +
      (targets.made_from.empty()
           ? ""
           : ", made from " + printable(targets.made_from)) +
      ":\n" + list_of_edits(report);
  return (write ? "\nWritten into " : "\n--write puts these into ") + list;
}

}  // namespace fitrun
