#include "launch/target.h"

#include <algorithm>
#include <optional>

#include "base/base_name.h"
#include "base/text.h"
#include "launch/names.h"
#include "os/file.h"
#include "plan/tool_line.h"
#include "plan/wishes.h"
#include "plan/wrappers.h"
#include "stage/find.h"
#include "stage/parse.h"

namespace fitrun {
namespace {

using Place = FoundStage::Place;

Stage parsed_stage(const FoundStage& found, const std::string& name,
                   const Environment& environment, CostRule rule) {
  std::string text = read_found(found).value();
  auto parsed =
      found.place == Place::project
          ? parse_project_stage(text, found.file, name, environment, rule)
          : parse_stage(text, found.file, environment, rule);
  if (auto* const stage = std::get_if<Stage>(&parsed)) {
    stage->text = std::move(text);
    if (found.place == Place::open_file && stage->label.value == found.file)
      stage->label.value = "stdin";
    return std::move(*stage);
  }
  const auto stages = stage_names(text);
  if (found.place != Place::project && stages && !stages->empty()) {
    throw Failure(found.file + ": holds the stages of a project: name one (" +
                  in_quotes(stages->front()) + ") in place of the file");
  }
  throw Failure(render_diagnostics(std::get<1>(parsed), found.file, text));
}

FoundStage found_stage(const std::string& name,
                       const Environment& environment) {
  FoundStage found = find_stage(name, environment);
  if (found.place != Place::nowhere) return found;
  if (name.empty()) throw Failure("STAGE is empty: give a descriptor's path");
  const std::string near = nearest_name(name, found.project, environment);
  throw Failure(
      in_quotes(name) + " is no stage or tool" +
      (near.empty()
           ? " (looked in " + places_of_names(found.project, environment) + ")"
           : suggestion(near)) +
      " (see fitrun list)");
}

// The descriptor in `file` where it is the one of a tool that begins the
// command line. Mistakes count where it `decides` what the command costs, else
// they keep nothing from starting.
std::optional<Stage> tool_of(const std::string& file,
                             const std::vector<std::string>& command,
                             bool decides, const Environment& environment) {
  const auto text = file.empty() ? Result<std::string>(std::string())
                                 : read_file(file, kLargestDescriptor);
  if (!text || (*text).empty()) return std::nullopt;
  auto parsed = parse_stage(*text, file, environment, CostRule::optional);
  auto* const stage = std::get_if<Stage>(&parsed);
  if (!stage && decides && has_tool_table(*text))
    throw Failure(render_diagnostics(std::get<1>(parsed), file, *text));
  if (!stage || !stage->tool || !read_tool_line(*stage->tool, command))
    return std::nullopt;
  stage->text = *text;
  return std::move(*stage);
}

// The descriptor of the tool that begins the command line: named like its
// first word ("make", behind "nice"), like that and its subcommand
// ("meson-test" for "meson test"), or like a word that a launcher is given
// ("python3 -m pytest", "npx jest"). `read` is one that was read already.
std::optional<Stage> find_tool(const std::vector<std::string>& command,
                               bool decides, const std::optional<Stage>& read,
                               const Environment& environment) {
  constexpr std::size_t kNames = 6;  // "python3 -X dev -W error -m pytest"
  const std::size_t first = behind_wrappers(command);
  std::string program;  // "meson-", where it has a descriptor
  std::size_t names = 0;
  for (std::size_t i = first; i < command.size() && names < kNames; ++i) {
    const std::string word(i == first ? base_name(command[i])
                                      : std::string_view(command[i]));
    if (word.empty() || word[0] == '-') continue;
    ++names;
    if (word.find('/') != std::string::npos) continue;
    const std::string file = find_config(word, environment);
    if (read && read->file == file && read_tool_line(*read->tool, command))
      return read;
    if (auto tool = tool_of(file, command, decides && i == first, environment))
      return tool;
    if (i == first) {
      program = file.empty() ? "" : word + "-";
    } else if (!program.empty()) {
      const std::string both = find_config(program + word, environment);
      if (auto tool = tool_of(both, command, decides, environment)) return tool;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string stage_file(const std::string& name,
                       const Environment& environment) {
  return found_stage(name, environment).file;
}

Stage read_stage(const std::string& name, const Environment& environment,
                 CostRule rule) {
  return parsed_stage(found_stage(name, environment), name, environment, rule);
}

std::vector<Stage> read_stages(const std::string& name,
                               const Environment& environment) {
  const FoundStage found = find_stage(name, environment);
  const bool path = found.place == Place::path;
  const auto text =
      path ? read_found(found) : Result<std::string>(std::string());
  const auto names = text ? stage_names(*text) : std::nullopt;
  if (!names) return {read_stage(name, environment)};
  std::vector<Stage> stages;
  std::vector<Diagnostic> mistakes;
  for (const std::string& stage : *names) {
    auto parsed = parse_project_stage(*text, found.file, stage, environment);
    if (auto* const read = std::get_if<Stage>(&parsed)) {
      stages.push_back(std::move(*read));
      continue;
    }
    for (Diagnostic& d : std::get<1>(parsed)) {
      // What is wrong with the whole file is found with each of its stages.
      const bool known = std::any_of(
          mistakes.begin(), mistakes.end(), [&](const Diagnostic& other) {
            return other.line == d.line && other.message == d.message;
          });
      if (!known) mistakes.push_back(std::move(d));
    }
  }
  if (!mistakes.empty())
    throw Failure(render_diagnostics(mistakes, found.file, *text));
  return stages;
}

Target load_target(const LaunchOptions& options, const Environment& environment,
                   CostRule rule) {
  Target target;
  target.as_is = options.as_is;
  // Who may run the command again is its parent, and serves nobody.
  target.jobserver = options.jobserver && options.retries == 0;
  const bool named = !options.stage.empty();
  if (named) target.stage = read_stage(options.stage, environment, rule);
  target.command = with_arguments(target.stage.command, options.command);
  target.tool = target.stage.tool;
  // What a stage says of its own command goes before what others know of it.
  const bool own =
      target.tool && read_tool_line(*target.tool, target.command).has_value();
  auto tool =
      own ? std::nullopt
          : find_tool(target.command, !named, options.tool, environment);
  if (tool) {
    target.tool = tool->tool;
    if (!named) target.stage = std::move(*tool);
  }
  const Wishes& wishes = options.wishes;
  const bool costs = !wishes.fixed.empty() || !wishes.per_worker.empty();
  // A command that nobody knows runs all the same, and whatever else is wished
  // (FITRUN_HEADROOM in a profile) must not keep it from that.
  if (!named && !costs && !wishes.pool && !target.command.empty() &&
      target.stage.pools.empty())
    target.stage.pools.emplace_back();
  target.stage = apply_wishes(std::move(target.stage), wishes, rule).value();
  for (const std::string& name : inherited_names(target))
    if (auto value = environment.get(name))
      target.inherited.emplace(name, std::move(*value));
  // Of those that the tool reads it gets what `env` on its line sets.
  const auto set = variables_of_wrappers(target.command);
  if (target.tool)
    for (const std::string& name : target.tool->variables)
      if (const auto at = set.find(name); at != set.end())
        target.inherited[name] = at->second;
  hand_on_cargos_jobserver(target);
  return target;
}

void require_command(const Target& target) {
  if (!target.command.empty()) return;
  const std::string& file = target.stage.file;
  throw Failure(
      "no command to run: give one after --" +
      (file.empty() ? std::string() : ", or command = [...] in " + file));
}

}  // namespace fitrun
