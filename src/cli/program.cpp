#include "cli/program.h"

#include "base/version.h"
#include "cli/commands.h"
#include "cli/log.h"

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

int run_program(int argc, char** argv) {
  const Environment environment;
  const Options options = parse_options(argc, argv, environment);
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

}  // namespace fitrun
