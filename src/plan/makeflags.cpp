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

bool has_jobserver(std::string_view makeflags) {
  for (const std::string_view word : words(makeflags)) {
    if (word == "--") return false;
    if (word.starts_with("--jobserver-auth=") ||
        word.starts_with("--jobserver-fds="))
      return true;
  }
  return false;
}

std::string add_makeflags(std::string_view inherited, std::string_view added) {
  if (has_jobserver(inherited)) return std::string(inherited);
  const MakeFlags before = take_apart(inherited);
  const MakeFlags more = take_apart(added);
  std::string out = before.letters + before.options;
  if (!more.letters.empty()) out += " -" + more.letters;
  out += more.options;
  const std::string variables = before.variables + more.variables;
  return variables.empty() ? out : out + " --" + variables;
}

}  // namespace fitrun
