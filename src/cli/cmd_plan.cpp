#include <unistd.h>

#include "cli/commands.h"
#include "cli/log.h"
#include "launch/decide.h"
#include "launch/holding.h"
#include "launch/jobserver.h"
#include "launch/learning.h"
#include "launch/target.h"
#include "os/host.h"
#include "plan/render_json.h"
#include "plan/render_text.h"
#include "share/ledger.h"

namespace fitrun {
namespace {

void show(const Plan& plan, Format format) {
  switch (format) {
    case Format::json:
      return print(render_json(plan));
    case Format::shell:
      return print_as_is(render_shell(plan));
    case Format::threads:
      return print(std::to_string(plan.threads) + "\n");
    case Format::text:
    case Format::bytes:
      break;
  }
  print_screen(render_text(plan, style_for(STDOUT_FILENO)));
}

}  // namespace

ExitStatus plan_command(const Options& options,
                        const Environment& environment) {
  Target target = load_target(options.launch, environment);
  const Caller caller = caller_of(options, environment);
  // Whoever evaluates it starts a command that nobody holds.
  if (options.format == Format::shell)
    target.stage.hold = {Hold::off, "--format shell"};
  const Learning known = learn(target, options.launch, caller);
  // Without the lock: a plan sets nothing aside, so it may be out of date the
  // moment it is printed.
  const Host host(options.root);
  const LedgerReading seen = Ledger(host, environment).read();
  Plan plan = decide(target, host, seen, caller, known.alike);
  settle_jobserver(plan, target, caller);
  if (plan.hold.active) plan.hold.kinds = kinds_of_jobs(target, known, caller);
  show(plan, options.format);
  // The text says it already; the other formats are read by programs.
  if (options.format != Format::text)
    log_all(log_lines(plan, LogLevel::warning));
  return plan.swapping && target.stage.on_no_fit.value == OnNoFit::fail
             ? ExitStatus::no_fit
             : ExitStatus::ok;
}

}  // namespace fitrun
