// What was typed, taken apart before anything acts on it: the verb, the options
// with their values, the stages, and where the command begins. Every word up to
// the command is checked against the table of options first, so that a word is
// never taken for what it is not. Pure: what a name means, which files decide,
// is asked of Names.
//
// Options may stand before the verb, between it and the stage, and behind the
// stage. The command begins behind "--", with a word that is a program or a
// tool, or with the first word behind the stage that is no option; from there
// on nothing is looked at.

#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/option_table.h"
#include "cli/options.h"
#include "launch/names.h"

namespace fitrun {

struct OptionSaid {
  const OptionRow* row = nullptr;  // of the verb
  std::string value;               // "" for a flag
};

struct CommandLine {
  Verb verb = Verb::run;
  std::vector<OptionSaid> options;  // in the order in which they were said
  std::string stage;
  std::vector<std::string> words;  // of a verb that takes no command
  std::vector<std::string> command;
};

// What names mean where fitrun was started.
struct Names {
  std::function<WordKind(const std::string& word)> kind;
  // For the message that a word is nothing: where it was looked for, and what
  // it can have been meant to be, "" or one of `more` among others.
  std::function<std::string()> places;
  std::function<std::string(const std::string& word,
                            const std::vector<std::string_view>& more)>
      nearest;
};

// `words` without the program's name. Throws Failure that names the word.
CommandLine take_apart(std::span<const std::string> words, const Names& names);

// The format that a safe answer has to have for a program that reads the output
// of `fitrun plan` or `fitrun jobs`, by words that may be wrong otherwise.
Format format_asked_for(std::span<const std::string> words);

}  // namespace fitrun
