// What was typed, as a plain struct: nothing is looked up or measured yet.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "launch/options.h"
#include "os/environment.h"
#include "plan/schedulers.h"
#include "plan/text_style.h"

namespace fitrun {

enum class Verb {
  run,
  plan,
  probe,
  check,
  measure,
  history,
  leases,
  jobs,
  request,
  list,
  show,
  init,
  help
};
inline constexpr Verb kAllVerbs[] = {
    Verb::run,     Verb::plan,   Verb::probe, Verb::check,   Verb::measure,
    Verb::history, Verb::leases, Verb::jobs,  Verb::request, Verb::list,
    Verb::show,    Verb::init,   Verb::help};

// As it is typed; "run" for the one that is not.
constexpr std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::plan:
      return "plan";
    case Verb::probe:
      return "probe";
    case Verb::check:
      return "check";
    case Verb::measure:
      return "measure";
    case Verb::history:
      return "history";
    case Verb::leases:
      return "leases";
    case Verb::jobs:
      return "jobs";
    case Verb::request:
      return "request";
    case Verb::list:
      return "list";
    case Verb::show:
      return "show";
    case Verb::init:
      return "init";
    case Verb::help:
      return "help";
    case Verb::run:
      break;
  }
  return "run";
}

constexpr std::optional<Verb> verb_named(std::string_view word) {
  for (const Verb verb : kAllVerbs)
    if (verb != Verb::run && name_of(verb) == word) return verb;
  return std::nullopt;
}

enum class Format { text, json, shell, threads, bytes };
enum class Verbosity { quiet, normal, verbose };

struct Options {
  Verb verb = Verb::run;
  bool help = false;
  bool version = false;
  Verbosity verbosity = Verbosity::normal;
  Format format = Format::text;
  ColourChoice colour = ColourChoice::automatic;
  LaunchOptions launch;
  MeasureOptions measure;
  std::string root;     // "": this machine
  std::string capture;  // the folder to write; "": none
  // Words of a verb that takes no command: of `check` any number of stages, of
  // `jobs` a size, of `help` a verb.
  std::vector<std::string> words;
  bool forget = false;                   // of `history`
  const Scheduler* scheduler = nullptr;  // of `request`; null: all
};

struct Names;  // cli/command_line.h

// The command line, without the program's name, over the FITRUN_ variables.
// Throws Failure, naming the flag or variable, on anything that is not
// understood.
Options parse_options(std::span<const std::string> words,
                      const Environment& environment, const Names& names);

// The help of a command; fits a screen of 80 columns.
std::string help_text(Verb verb);

}  // namespace fitrun
