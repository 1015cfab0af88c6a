#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/decide.h"
#include "stage/cost.h"

namespace fitrun {

ExitStatus check_command(const Options& options,
                         const Environment& environment) {
  if (options.stages.empty())
    throw Failure("check: give one or more descriptors");
  std::string mistakes;
  for (const std::string& name : options.stages) {
    try {
      const Stage stage = read_stage(name, environment);
      // An input may be made by an earlier step: its absence is no mistake.
      std::vector<std::string> absent;
      for (const PoolNeeds& needs : stage.pools) {
        sum_cost(needs.fixed, absent);
        sum_cost(needs.per_worker, absent);
      }
      std::string report = printable(name) + ": ok\n";
      for (const std::string& input : absent)
        report += "  but not now: " + printable(input) + "\n";
      print(report);
    } catch (const Failure& failure) {
      const std::string_view said = failure.what();
      mistakes +=
          said.ends_with('\n') ? std::string(said) : printable(said) + "\n";
    }
  }
  if (!mistakes.empty()) throw Failure(mistakes);
  return ExitStatus::ok;
}

}  // namespace fitrun
