#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"

namespace fitrun {

ExitStatus help_command(const Options& options) {
  Verb verb = Verb::run;
  if (!options.words.empty()) {
    const std::string& word = options.words.front();
    const auto named = verb_named(word);
    if (!named) {
      std::string verbs;
      for (const Verb known : kAllVerbs)
        if (known != Verb::run) verbs += " " + std::string(name_of(known));
      throw Failure("help: " + in_quotes(word) + " is none of" + verbs +
                    " (of a stage or tool: fitrun show NAME)");
    }
    verb = *named;
  }
  print_screen(help_text(verb));
  return ExitStatus::ok;
}

}  // namespace fitrun
