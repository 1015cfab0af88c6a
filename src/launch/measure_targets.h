// Where a measurement is written to: found and opened before its first run, so
// that hours are not spent on what has no place.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/options.h"
#include "os/environment.h"
#include "os/user_file.h"
#include "stage/stage.h"

namespace fitrun {

struct MeasureTargets {
  // The descriptor that --write changes or would change; "" without one. One
  // that was looked up by its name may be everybody's: it is never changed, and
  // a descriptor of that name in the user's own folder, which is found first
  // from then on, is made from it.
  std::string descriptor;
  std::string made_from;           // "" where it is the stage's own
  std::string before;              // the text that is to be changed
  std::optional<UserFile> file;    // with --write alone
  std::vector<UserFile> pictures;  // one for each pool, with --plot
};

// `named` is the STAGE of the command line. Throws Failure where something is
// in the way.
MeasureTargets open_targets(const MeasureOptions& options, const Stage& stage,
                            const std::string& named,
                            const Environment& environment);

}  // namespace fitrun
