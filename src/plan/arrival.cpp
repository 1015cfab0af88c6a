#include "plan/arrival.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "plan/inject.h"
#include "plan/tool_line.h"
#include "plan/wrappers.h"

namespace fitrun {
namespace {

using Strings = std::vector<std::string>;

// What most programs call the number of workers.
constexpr std::string_view kUsual[] = {"-j",        "--jobs",    "--parallel",
                                       "--workers", "--threads", "--processes"};

// A number of workers in a text that is several words for somebody else, as the
// script of sh -c is: "-j16", "-j 16", "--jobs=16". `before` is the word before
// the text's first one, and becomes its last.
std::string usual_count(std::string_view text, std::string_view& before) {
  for (const std::string_view word : words(text)) {
    for (const std::string_view option : kUsual) {
      if (before == option && all_digits(word))
        return std::string(option) + " " + std::string(word);
      if (!word.starts_with(option)) continue;
      std::string_view rest = word.substr(option.size());
      if (option.starts_with("--") && !rest.starts_with('=')) continue;
      if (rest.starts_with('=')) rest.remove_prefix(1);
      if (all_digits(rest)) return std::string(word);
    }
    before = word;
  }
  return "";
}

std::string usual_count(const Strings& command) {
  std::string_view before;
  for (std::size_t i = 1; i < command.size(); ++i) {
    std::string found = usual_count(command[i], before);
    if (!found.empty()) return found;
  }
  return "";
}

bool names_variable(const Strings& command) {
  return std::any_of(command.begin(), command.end(),
                     [](const std::string& word) {
                       return word.find("FITRUN_THREADS") != std::string::npos;
                     });
}

// Whether a variable of the stage carries the count to the command: of a tool
// one that it reads.
bool is_injected(const Target& target, bool is_tool) {
  const auto& inject = target.stage.inject;
  return std::any_of(
      inject.begin(), inject.end(), [&](const Injection& injection) {
        const Strings* const known =
            is_tool ? &target.tool->variables : nullptr;
        return places_count(injection.text) &&
               (!known || std::find(known->begin(), known->end(),
                                    injection.name) != known->end());
      });
}

// A variable that `env` sets on the command line after the stage has; "" where
// there is none.
std::string overriding(const Target& target) {
  for (const auto& [name, value] : variables_of_wrappers(target.command))
    for (const Injection& injection : target.stage.inject)
      if (injection.name == name && places_count(injection.text))
        return std::string(name).append("=").append(value);
  return "";
}

// The last number on a tool's line that is no placeholder.
std::string last_number(const ToolLine& line, const Strings& command) {
  for (auto place = line.places.rbegin(); place != line.places.rend(); ++place)
    if (place->asked) return spelled(*place, command);
  return "";
}

Arrival at_tool(const Target& target, const ToolLine& line, bool by_user) {
  const Tool& tool = *target.tool;
  const std::string number = last_number(line, target.command);
  if (target.as_is && !number.empty()) {
    return {
        fmt::format("{} stays what it is, because of --as-is: without it "
                    "the count that fits stands there",
                    in_quotes(number))};
  }
  if (by_user && !number.empty()) {
    return {
        fmt::format("{} stands beside <threads>, and the command takes one "
                    "of them: leave it out",
                    in_quotes(number))};
  }
  if (by_user || !number.empty() || line.one) return {};
  if (!line.unreadable.empty()) {
    return {fmt::format(
        "{} says no number of workers that could be replaced: write {} N",
        in_quotes(target.command[line.unreadable.back()]), tool.count.front())};
  }
  if (const std::string word = overriding(target); !word.empty()) {
    return {
        fmt::format("{} takes the place of the count that fits: put it "
                    "before fitrun",
                    in_quotes(word))};
  }
  if (is_injected(target, true)) return {};
  if (inherits_jobserver(target)) {
    return {fmt::format("the {} around this command hands out the jobs (the "
                        "jobserver in {}MAKEFLAGS): no count is given",
                        target.by_cargo ? "cargo" : "make",
                        target.by_cargo ? "CARGO_" : ""),
            true};
  }
  if (!target.as_is && !inserted_words(target).empty()) return {};
  if (tool.count.empty()) return {"the command is not told the count"};
  return {
      fmt::format("{} is told no count, and runs as many workers as it does "
                  "by itself: say how many with {}",
                  in_quotes(target.command[line.named.front()]),
                  tool.count.front() + " N")};
}

}  // namespace

Arrival arrival_of(const Target& target, std::uint64_t threads) {
  const Strings& command = target.command;
  if (command.empty()) return {};
  const bool by_user =
      !target.as_is &&
      std::any_of(command.begin(), command.end(), places_count);
  if (const auto line =
          target.tool ? read_tool_line(*target.tool, command) : std::nullopt)
    return at_tool(target, *line, by_user);
  if (by_user || names_variable(command)) return {};
  const std::string number = usual_count(command);
  if (!number.empty()) {
    return {
        fmt::format("{} in the command is its own count, not the one that "
                    "fits: put '<threads>' in place of the number",
                    in_quotes(number))};
  }
  if (is_injected(target, false)) return {};
  return {fmt::format(
      "the command is not told the count: put '<threads>' into it, or set "
      "[inject.env] (FITRUN_THREADS={} is in its environment)",
      threads)};
}

}  // namespace fitrun
