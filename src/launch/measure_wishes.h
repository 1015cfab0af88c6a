// What a measurement needs before its first run, from options and plan; and how
// each of its runs is made.

#pragma once

#include "launch/caller.h"
#include "launch/options.h"
#include "measure/measure.h"
#include "os/fd.h"
#include "plan/plan.h"
#include "run/child.h"
#include "stage/stage.h"

namespace fitrun {

// Throws Failure where an input is no file.
std::vector<Input> inputs_of(const MeasureOptions& options);

// The counts, how far they may go, and the inputs.
MeasureWishes wishes_of(const MeasureOptions& options, const Plan& plan,
                        std::vector<Input> inputs);

// The stage's command with one count or another. Its standard input is
// /dev/null, and so is its output, unless that is to be shown: ours is the
// report's. All arguments must outlive it.
class MeasuredCommand {
 public:
  // Throws Failure where there is no /dev/null.
  MeasuredCommand(const Plan& plan, const Target& target,
                  const MeasureOptions& options,
                  const Environment& environment);

  // One RunOnce.
  Result<RunOutcome> run(const RunRequest& request,
                         const std::function<void(std::uint64_t)>& seen) const;

  // What --prepare says, by sh -c, with the environment that the run gets. It
  // is not measured.
  Result<RunOutcome> prepare(const RunRequest& request) const;

 private:
  Result<ChildSpec> child(const RunRequest& request) const;

  const Plan& plan_;
  const Target& target_;
  const MeasureOptions& options_;
  const Environment& environment_;
  Fd nowhere_;
};

}  // namespace fitrun
