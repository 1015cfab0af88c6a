#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/log.h"
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
    // Who types 500 has megabytes in mind, and would get all CPUs.
    if (size->count > 0 && size->count < 1 << 20)
      log_line(LogLevel::warning,
               "fitrun: jobs: a worker of " +
                   format_bytes(static_cast<double>(size->count)) +
                   " is less than a MiB: is its unit missing?");
    cost = {{*size, "SIZE"}};
  } else if (cost.empty()) {
    cost = {{kGuess, "a guess"}};
  }
  return plan_command(plan, environment);
}

}  // namespace fitrun
