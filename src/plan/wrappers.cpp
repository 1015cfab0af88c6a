#include "plan/wrappers.h"

#include <algorithm>
#include <string_view>

#include "base/base_name.h"
#include "base/text.h"

namespace fitrun {
namespace {

struct Wrapper {
  std::string_view name;
  std::string_view flags;    // letters of options without a value
  std::string_view values;   // letters of options with one
  std::size_t operands = 0;  // words before the command
  bool number = false;       // "-5" is an option
  bool variables = false;    // NAME=VALUE before the command
  std::string_view
      words{};  // long options without a value, each between blanks
};

constexpr Wrapper kWrappers[] = {
    {"env", "v", "u", 0, false, true, " --debug "},
    {"nice", "", "n", 0, true},
    {"ionice", "t", "cn"},
    {"nohup", "", ""},
    {"setsid", "cfw", "", 0, false, false, " --ctty --fork --wait "},
    {"stdbuf", "", "ioe"},
    {"time", "apqv", "fo", 0, false, false,
     " --append --portability --quiet --verbose "},
    {"timeout", "fpv", "ks", 1, false, false,
     " --foreground --preserve-status --verbose "},
    {"taskset", "ac", "", 1, false, false, " --all-tasks --cpu-list "},
    {"chrt", "abfior", "", 1, false, false,
     " --all-tasks --batch --fifo --idle --other --reset-on-fork --rr "},
};

const Wrapper* wrapper_named(std::string_view name) {
  for (const Wrapper& wrapper : kWrappers)
    if (wrapper.name == name) return &wrapper;
  return nullptr;
}

// How many words the option takes, with its own; 0: it is not known.
std::size_t words_of_option(const Wrapper& wrapper, std::string_view word) {
  if (wrapper.number && all_digits(word.substr(1))) return 1;
  if (word == "-") return 0;  // env -i
  // Those long ones that take a value may have it within.
  if (word.starts_with("--")) {
    const bool alone = wrapper.words.find(" " + std::string(word) + " ") !=
                       std::string_view::npos;
    return alone || word.find('=') != std::string_view::npos ? 1 : 0;
  }
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (wrapper.values.find(word[i]) != std::string_view::npos)
      return i + 1 == word.size() ? 2 : 1;
    if (wrapper.flags.find(word[i]) == std::string_view::npos) return 0;
  }
  return 1;
}

// The index of the first word behind the wrapper at `at`; `at` where there is
// none for certain.
std::size_t behind(const Wrapper& wrapper,
                   const std::vector<std::string>& command, std::size_t at) {
  std::size_t next = at + 1;
  while (next < command.size() && command[next].starts_with('-')) {
    const bool end = command[next] == "--";
    const std::size_t taken = end ? 1 : words_of_option(wrapper, command[next]);
    if (taken == 0) return at;
    next += taken;
    if (end) break;
  }
  while (wrapper.variables && next < command.size() &&
         command[next].find('=') != std::string::npos)
    ++next;
  next += wrapper.operands;
  return next < command.size() ? next : at;
}

}  // namespace

std::size_t behind_wrappers(const std::vector<std::string>& command) {
  std::size_t at = 0;
  while (at < command.size()) {
    const Wrapper* const wrapper = wrapper_named(base_name(command[at]));
    const std::size_t next = wrapper ? behind(*wrapper, command, at) : at;
    if (next == at) break;
    at = next;
  }
  return at;
}

std::map<std::string, std::string> variables_of_wrappers(
    const std::vector<std::string>& command) {
  std::map<std::string, std::string> variables;
  const std::size_t end = behind_wrappers(command);
  for (std::size_t i = 1; i < end; ++i) {
    const std::size_t equals = command[i].find('=');
    if (equals != std::string::npos && !command[i].starts_with('-'))
      variables[command[i].substr(0, equals)] = command[i].substr(equals + 1);
  }
  return variables;
}

}  // namespace fitrun
