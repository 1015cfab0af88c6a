#include "cli/program.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/version.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/names.h"
#include "os/write_signals.h"

namespace fitrun {
namespace {

LogLevel least_level(Verbosity verbosity) {
  switch (verbosity) {
    case Verbosity::quiet:
      return LogLevel::warning;
    case Verbosity::verbose:
      return LogLevel::detail;
    case Verbosity::normal:
      break;
  }
  return LogLevel::info;
}

}  // namespace

Caller caller_of(const Options& options, const Environment& environment) {
  return {environment, log_line, least_level(options.verbosity)};
}

namespace {

// What names mean on this machine; `last` is what the last one meant. A
// project's file that does not count is worth a warning, once, wherever a name
// was looked up in it.
Names names_here(const Environment& environment, WordMeaning& last) {
  Names names;
  names.kind = [&environment, &last](const std::string& word) {
    WordMeaning meaning = meaning_of(word, environment);
    if (!meaning.project.ignored.empty() && last.project.ignored.empty())
      log_line(LogLevel::warning,
               "fitrun: ignored: " + meaning.project.ignored);
    last = std::move(meaning);
    return last.kind;
  };
  names.places = [&environment, &last] {
    return places_of_names(last.project, environment) + ", PATH";
  };
  names.nearest = [&environment, &last](const auto& word, const auto& more) {
    return nearest_name(word, last.project, environment, more);
  };
  return names;
}

ExitStatus run_verb(const Options& options, const Environment& environment) {
  switch (options.verb) {
    case Verb::run:
      return run_command(options, environment);
    case Verb::plan:
      return plan_command(options, environment);
    case Verb::probe:
      return probe_command(options, environment);
    case Verb::measure:
      return measure_command(options, environment);
    case Verb::history:
      return history_command(options, environment);
    case Verb::leases:
      return leases_command(options, environment);
    case Verb::check:
      return check_command(options, environment);
    case Verb::jobs:
      return jobs_command(options, environment);
    case Verb::request:
      return request_command(options, environment);
    case Verb::list:
      return list_command(environment);
    case Verb::show:
      return show_command(options, environment);
    case Verb::init:
      return init_command(options, environment);
    case Verb::help:
      break;
  }
  return help_command(options);
}

int run_words(std::span<const std::string> words) {
  const Environment environment;
  WordMeaning last;
  Options options =
      parse_options(words, environment, names_here(environment, last));
  options.launch.tool = std::move(last.tool);
  choose_colour(options.colour);
  if (options.help) {
    print_screen(help_text(options.verb));
  } else if (options.version) {
    print(std::string("fitrun ") + kVersion + "\n");
  } else {
    return static_cast<int>(run_verb(options, environment));
  }
  return static_cast<int>(ExitStatus::ok);
}

// `make -j"$(fitrun plan --format threads TYPO)"` runs make whatever our status
// is, and with an empty number it would start without a limit.
std::string_view safe_output(Format format) {
  if (format == Format::threads) return "1\n";
  if (format == Format::shell) return "FITRUN_THREADS=1\n(exit 125)\n";
  return "";
}

}  // namespace

int run_program(int argc, char** argv) {
  hold_write_signals();
  const std::vector<std::string> words(argv + std::min(1, argc), argv + argc);
  try {
    return run_words(words);
  } catch (...) {
    print_as_is(safe_output(format_asked_for(words)));
    throw;
  }
}

}  // namespace fitrun
