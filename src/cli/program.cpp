#include "cli/program.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/version.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/log.h"
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

int run_words(std::span<const std::string> words) {
  const Environment environment;
  const Options options = parse_options(words, environment);
  ExitStatus status = ExitStatus::ok;
  if (options.help) {
    print(help_text(options.verb));
  } else if (options.version) {
    print(std::string("fitrun ") + kVersion + "\n");
  } else {
    switch (options.verb) {
      case Verb::run:
        status = run_command(options, environment);
        break;
      case Verb::plan:
        status = plan_command(options, environment);
        break;
      case Verb::probe:
        status = probe_command(options, environment);
        break;
      case Verb::measure:
        status = measure_command(options, environment);
        break;
      case Verb::history:
        status = history_command(options, environment);
        break;
      case Verb::leases:
        status = leases_command(options, environment);
        break;
      case Verb::check:
        status = check_command(options, environment);
        break;
    }
  }
  return static_cast<int>(status);
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
