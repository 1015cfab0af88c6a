#include "cli/program.h"

#include "base/version.h"
#include "cli/commands.h"
#include "cli/log.h"

namespace fitrun {

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
        status = run_stage(options, environment);
        break;
      case Verb::plan:
        status = show_plan(options, environment);
        break;
      case Verb::probe:
        status = show_probe(options, environment);
        break;
      case Verb::measure:
        status = measure_stage(options, environment);
        break;
      case Verb::history:
        status = show_history(options, environment);
        break;
      case Verb::leases:
        status = show_leases(options, environment);
        break;
      case Verb::check:
        status = check_stages(options, environment);
        break;
    }
  }
  return static_cast<int>(status);
}

}  // namespace fitrun
