// What a launch makes of the runs before it: costs that nobody declared, and
// counts to avoid.
//
// The order of costs is flag, variable, the user's descriptor, what was learned
// here, a tool's ready-made bound. A launch that has no use for the history
// does not read it: that of a user's own descriptor asks only whether a run was
// ever killed.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/caller.h"
#include "launch/options.h"
#include "measure/runs.h"
#include "os/environment.h"
#include "plan/plan.h"
#include "plan/target.h"

namespace fitrun {

// The runs of a stage or tool, wherever and with whatever command line.
RunsOf runs_of(const Stage& stage);

// A record that says whose run it will be, and nothing else: the target's stage
// or tool, this project, and a command line of its kind.
RunRecord record_for(const Target& target);

// Whose runs count for that: those of its stage or tool, in this project, with
// a command line of its kind.
RunsOf runs_like(const RunRecord& record);

// Whether nobody has said what the target costs in RAM: a tool's ready-made
// bound says how much it may be.
bool is_undeclared(const Target& target, const Environment& environment);

// Puts what the records teach in place of costs that nobody declared.
void apply_learned(Target& target, const std::vector<RunRecord>& records);

// What runs teach, a line for each stage or tool, project and kind of command
// line of which they teach anything: the costs of tools, and caps after kills.
std::string lessons_of(const std::vector<RunRecord>& runs,
                       const Environment& environment);

// The fewest workers of which the learned costs tell (learned.h); 0 where the
// target's costs are others'.
std::uint64_t least_known_count(const Target& target,
                                const std::vector<RunRecord>& past);

// One worker, where the costs were learned from runs with one count, and as
// many as those do not fit: nothing says that fewer take less (learned.h).
std::optional<WorkerCap> cap_of_one_count(const Plan& plan,
                                          const Target& target,
                                          const std::vector<RunRecord>& past,
                                          const Environment& environment);

struct Learning {
  // The last runs of the stage or tool, oldest first; and those of them with
  // such a command line in this project.
  std::vector<RunRecord> past, alike;
  // record_for() the target; empty where no run is of use to it.
  std::optional<RunRecord> own{};
  bool recorded = false;    // whether this launch is to leave a record
  bool unreadable = false;  // there is a history; the user was told
};

// record_for() the target, which is not asked for again.
RunRecord own_record(const Learning& known, const Target& target);

// All of that for a launch or a plan. Says what could not be read.
Learning learn(Target& target, const LaunchOptions& options,
               const Caller& caller);

}  // namespace fitrun
