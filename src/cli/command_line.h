// What was typed, taken apart before anything acts on it: the verb, the options
// with their values, the stages, and where the command begins. Every word up to
// the command is checked against the table of options first, so that a word is
// never taken for what it is not. Pure.
//
// Options may stand before the verb, between it and the stage, and behind the
// stage. The command begins behind "--", or with the first word behind the
// stage that is no option; from there on nothing is looked at.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/option_table.h"
#include "cli/options.h"

namespace fitrun {

struct OptionSaid {
  const OptionRow* row = nullptr;  // of the verb
  std::string value;               // "" for a flag
};

struct CommandLine {
  Verb verb = Verb::run;
  std::vector<OptionSaid> options;  // in the order in which they were said
  std::vector<std::string> stages;  // of `check` any number, else at most one
  std::vector<std::string> command;
};

// `words` without the program's name. Throws Failure that names the word.
CommandLine take_apart(std::span<const std::string> words);

// The format that `fitrun plan` was asked for by words that may be wrong
// otherwise: a program that reads its output gets a safe answer in it.
Format format_asked_for(std::span<const std::string> words);

}  // namespace fitrun
