// The decision: how many workers, why, and the exact command and environment.
//
// Pure: everything that was read is handed in, so that the same machine, stage
// and wishes always give the same plan. How a plan is shown is in render_*.h.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/environment_changes.h"
#include "base/result.h"
#include "base/sourced.h"
#include "plan/arrival.h"
#include "plan/holding.h"
#include "plan/pools.h"
#include "plan/target.h"
#include "probe/constraint.h"
#include "stage/stage.h"

namespace fitrun {

// All that a decision rests on, but for the target.
struct PlanInput {
  Sourced<std::uint64_t> want;  // whatever the stage says
  std::vector<PoolInput> pools;
  std::vector<WorkerCap> caps{};  // on the count, whatever the memory
  std::optional<Pressure> pressure{};
};

// One process to become or to start.
struct Launch {
  std::uint64_t threads = 1;
  std::vector<std::string> command;  // with the count put in
  // FITRUN_THREADS, then the stage's, then what shows it its GPUs.
  EnvironmentChanges changes;
};

struct Plan {
  std::string label;  // empty: none
  std::string stage;  // the descriptor's path; empty: flags alone
  Sourced<std::uint64_t> want;
  std::uint64_t threads = 1;
  bool reduced = false;
  bool swapping = false;  // not even one worker fits some pool
  // "want", limit_name() of a pool, or the name of a cap.
  std::string limited_by;
  std::vector<PoolPlan> pools;
  std::vector<WorkerCap> caps;
  std::optional<Pressure> pressure;
  Launch launch;
  // With spread = "pin" what is run instead: a copy for each GPU.
  std::vector<Launch> copies;
  // With it `launch` has the width of what was wanted, and `threads` is what is
  // safe where nobody holds.
  HoldPlan hold;
  std::string lease;   // the id of what was set aside; empty: nothing
  bool as_is = false;  // Target::as_is
  Arrival arrival;     // of the count at the command
};

Result<Plan> make_plan(const Target& target, PlanInput input);

// The same launch with another number of workers: a measurement's, or a second
// try. `input` is the file that the run is about, "" for none. With spread =
// "pin" one copy, on the first GPU. An error where a GPU cannot be shown to a
// command.
Result<Launch> launch_with(const Plan& plan, const Target& target,
                           std::uint64_t threads, const std::string& input);

// The launch of a tool that is to take its jobs from the jobserver of which
// `makeflags` says where it is: a count in its command line would win.
Launch under_jobserver(Launch launch, const Target& target,
                       const std::string& makeflags);

}  // namespace fitrun
