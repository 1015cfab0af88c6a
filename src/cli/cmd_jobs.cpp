#include "cli/commands.h"
#include "stage/values.h"

namespace fitrun {
namespace {

// What Gentoo counts for a compiler, and what a job of unknown kind is taken
// for where nothing better is known.
constexpr Bytes kGuess{2'000'000'000};

}  // namespace

// The number that nproc would print if it knew about memory.
ExitStatus jobs_command(const Options& options,
                        const Environment& environment) {
  Options plan = options;
  plan.format = Format::threads;
  Cost& cost = plan.launch.wishes.per_worker;
  if (!options.words.empty()) {
    auto size = parse_size(options.words.front());
    if (!size) throw Failure("jobs: " + size.error().message);
    cost = {{*size, "SIZE"}};
  } else if (cost.empty()) {
    cost = {{kGuess, "a guess"}};
  }
  return plan_command(plan, environment);
}

}  // namespace fitrun
