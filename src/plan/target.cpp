#include "plan/target.h"

#include <algorithm>

#include "plan/inject.h"
#include "plan/makeflags.h"

namespace fitrun {
namespace {

constexpr const char* kMake = "MAKEFLAGS";
constexpr const char* kCargo = "CARGO_MAKEFLAGS";

bool has(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What the tool's own option asks for; nothing where the user places the count.
std::optional<Sourced<AskedCount>> asked_by_option(const Target& target) {
  const std::vector<std::string>& command = target.command;
  const auto line = read_tool_line(*target.tool, command);
  if (!line) return std::nullopt;
  if (line->one)
    return Sourced<AskedCount>{AskedCount{0, 1}, command[*line->one]};
  if (line->places.empty()) return std::nullopt;
  if (!target.as_is &&
      std::any_of(command.begin(), command.end(), places_count))
    return std::nullopt;
  const CountPlace& last = line->places.back();
  if (!last.asked) return std::nullopt;
  return Sourced<AskedCount>{*last.asked, spelled(last, command)};
}

std::optional<Sourced<AskedCount>> asked_by_variable(const Target& target) {
  for (const std::string& name : target.tool->variables) {
    const auto value = target.inherited.find(name);
    if (value == target.inherited.end()) continue;
    if (const auto asked =
            read_tool_variable(*target.tool, name, value->second))
      return Sourced<AskedCount>{*asked, name};
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> with_arguments(std::vector<std::string> command,
                                        const std::vector<std::string>& given) {
  if (command.empty() || command.back() != "...")
    return given.empty() ? command : given;
  command.pop_back();
  command.insert(command.end(), given.begin(), given.end());
  return command;
}

std::vector<std::string> inherited_names(const Target& target) {
  std::vector<std::string> names;
  if (target.tool) names = target.tool->variables;
  for (const Injection& injection : target.stage.inject) {
    if (injection.name == kMake) names.push_back(injection.name);
    for (std::string& name : variables_in(injection.text))
      names.push_back(std::move(name));
  }
  if (has(names, kMake)) names.emplace_back(kCargo);
  return names;
}

void hand_on_cargos_jobserver(Target& target) {
  const auto cargo = target.inherited.find(kCargo);
  if (cargo == target.inherited.end() || !jobserver_in(cargo->second) ||
      (target.tool && has(target.tool->variables, kCargo)))
    return;
  std::string& flags = target.inherited[kMake];
  target.by_cargo = !jobserver_in(flags);
  flags = add_makeflags(flags, cargo->second);
}

std::optional<std::string_view> jobserver_around(const Target& target) {
  if (!target.tool) return std::nullopt;
  for (const std::string& name : target.tool->variables) {
    const auto value = target.inherited.find(name);
    if (value == target.inherited.end()) continue;
    if (const auto found = jobserver_in(value->second)) return found;
  }
  return std::nullopt;
}

bool inherits_jobserver(const Target& target) {
  const auto around = jobserver_around(target);
  return around &&
         (target.tool->fifo_jobserver.empty() || around->starts_with("fifo:"));
}

std::vector<std::string> inserted_words(const Target& target) {
  if (!target.tool || inherits_jobserver(target)) return {};
  const Tool& tool = *target.tool;
  if (!tool.insert.empty() || tool.count.empty() || !asked_by_variable(target))
    return tool.insert;
  const std::string& option = tool.count.front();
  return {option + (option.starts_with("--") ? "=" : "") + "<threads>"};
}

Sourced<AskedCount> asked_workers(const Target& target) {
  const Sourced<Want>& want = target.stage.want;
  const bool by_flag = want.origin.starts_with("--");
  if (target.tool && !by_flag) {
    if (auto asked = asked_by_option(target)) return *asked;
    if (auto asked = asked_by_variable(target)) return *asked;
  }
  if (!want.value) return {AskedCount{1, 0}, ""};
  return {AskedCount{0, static_cast<double>(*want.value)}, want.origin};
}

}  // namespace fitrun
