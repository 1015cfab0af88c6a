#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/learning.h"
#include "launch/target.h"
#include "measure/runs_file.h"
#include "stage/cost.h"
#include "stage/diagnostic.h"
#include "stage/project.h"

namespace fitrun {
namespace {

// "# RAM, each worker: 2.0 GB (configs/make.toml:14)", a line for each term.
std::string cost_lines(const PoolNeeds& needs, const char* what,
                       const Cost& cost, std::vector<std::string>& errors) {
  std::string text;
  for (const CostItem& item : sum_cost(cost, errors).items) {
    text += fmt::format("# {}, {}: {}{} ({})\n", name_of(needs.pool), what,
                        format_limit(whole_bytes(item.bytes)),
                        item.what.empty() ? "" : ", " + item.what, item.origin);
  }
  return text;
}

// What the runs of a stage have taught, if there were any, and where to see
// them.
std::string run_lines(const Stage& stage, const std::string& name,
                      const Environment& environment) {
  const StatePlace place = state_place(environment);
  if (place.folder.empty()) return "";
  const auto history = read_history(place, runs_of(stage));
  if (!history || (*history).runs.empty()) return "";
  std::string text = fmt::format("# runs recorded: {} (fitrun history {})\n",
                                 (*history).runs.size(), name);
  const std::string lessons = lessons_of((*history).runs, environment);
  for (std::string_view rest = lessons; !rest.empty();)
    text.append("# ").append(trim(take_line(rest))).append("\n");
  return text;
}

}  // namespace

// The descriptor as it is written, behind comments that say where it stands and
// what its costs come to now: the output is a descriptor too.
ExitStatus show_command(const Options& options,
                        const Environment& environment) {
  if (options.launch.stage.empty())
    throw Failure("show: give the name of a stage or tool (see fitrun list)");
  const Stage stage =
      read_stage(options.launch.stage, environment, CostRule::optional);
  std::string text = fmt::format(
      "# {} {}, {}\n", stage.tool ? "tool" : "stage", stage.label.value,
      stage.file == "-" ? std::string("standard input") : stage.file);
  std::vector<std::string> errors;
  for (const PoolNeeds& needs : stage.pools) {
    text += cost_lines(needs, "shared", needs.fixed, errors);
    text += cost_lines(needs, "each worker", needs.per_worker, errors);
  }
  for (const std::string& error : errors) text += "# " + error + "\n";
  text += run_lines(stage, options.launch.stage, environment) + "\n";
  print_screen(printable_lines(text));
  print(stage.name.empty() ? stage.text
                           : text_of_stage(stage.text, stage.name));
  return ExitStatus::ok;
}

}  // namespace fitrun
