#include "plan/makeflags.h"

#include "base/text.h"

namespace fitrun {
namespace {

struct MakeFlags {
  std::string letters;
  std::string options;    // each with a blank before it
  std::string variables;  // each with a blank before it
};

MakeFlags take_apart(std::string_view text) {
  MakeFlags flags;
  bool first = !text.starts_with(' ');
  bool ended = false;
  for (const std::string_view word : words(text)) {
    if (!ended && word == "--") {
      ended = true;
    } else if (first && !word.starts_with('-') &&
               word.find('=') == std::string_view::npos) {
      flags.letters = word;
    } else {
      (ended ? flags.variables : flags.options).append(" ").append(word);
    }
    first = false;
  }
  return flags;
}

}  // namespace

std::optional<std::string_view> jobserver_in(std::string_view makeflags) {
  std::optional<std::string_view> last;
  for (const std::string_view word : words(makeflags)) {
    if (word == "--") break;
    for (const std::string_view option :
         {"--jobserver-auth=", "--jobserver-fds="})
      if (word.starts_with(option)) last = word.substr(option.size());
  }
  return last;
}

std::string add_makeflags(std::string_view inherited, std::string_view added) {
  if (jobserver_in(inherited)) return std::string(inherited);
  const MakeFlags before = take_apart(inherited);
  const MakeFlags more = take_apart(added);
  std::string out = before.letters + before.options;
  if (!more.letters.empty()) out += " -" + more.letters;
  out += more.options;
  const std::string variables = before.variables + more.variables;
  return variables.empty() ? out : out + " --" + variables;
}

}  // namespace fitrun
