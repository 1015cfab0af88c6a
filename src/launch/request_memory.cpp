#include "launch/request_memory.h"

#include "base/base_name.h"
#include "base/text.h"
#include "launch/decide.h"
#include "launch/learning.h"
#include "launch/target.h"
#include "probe/self.h"
#include "stage/diagnostic.h"

namespace fitrun {
namespace {

bool is_known(const PoolNeeds& needs) {
  return !needs.fixed.empty() || !needs.per_worker.empty();
}

[[noreturn]] void nothing_known(const Target& target) {
  const std::string& label = target.stage.label.value;
  if (label.empty() && target.command.empty()) {
    throw Failure(
        "request: nothing to ask for: name a STAGE or a tool, or give "
        "--per-worker SIZE (see --help)");
  }
  throw Failure("request: nothing says what a worker of " +
                printable(label.empty() ? base_name(target.command[0])
                                        : std::string_view(label)) +
                " costs: give --per-worker SIZE, or run it once with fitrun, "
                "which learns it");
}

}  // namespace

MemoryRequest request_memory(const LaunchOptions& options, const Host& host,
                             const Caller& caller) {
  Target target = load_target(options, caller.environment, CostRule::optional);
  // Runs are known by their command lines.
  if (target.command.empty() && target.stage.tool)
    target.command = target.stage.tool->commands.front();
  const Learning known = learn(target, options, caller);

  MemoryRequest request;
  std::vector<std::string> errors;
  for (const PoolNeeds& needs : target.stage.pools) {
    if (!is_known(needs)) continue;
    request.pools.push_back({needs, sum_cost(needs.fixed, errors),
                             sum_cost(needs.per_worker, errors)});
  }
  if (!errors.empty()) throw Failure(render_messages(errors));
  if (request.pools.empty()) nothing_known(target);

  probe::Self self(host, caller.environment);
  request.label = target.stage.label.value;
  request.stage = target.stage.file;
  request.workers = wanted_workers(target, self);
  if (!target.stage.pools.empty())
    request.least_known = least_known_count(target, known.alike);
  request.counts_cpus = asked_workers(target).value.per_cpu != 0;
  return make_request(std::move(request)).value();
}

}  // namespace fitrun
