// What the command line and FITRUN_ variables ask for, over the descriptor.

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "stage/stage.h"

namespace fitrun {

// Empty members leave the descriptor's value as it is.
struct Wishes {
  std::optional<Sourced<Pool>> pool;  // the one that the costs below are about
  Cost fixed;
  Cost per_worker;
  std::optional<Sourced<double>> headroom;
  std::optional<Sourced<Bytes>> reserve;
  std::optional<Sourced<Want>> want;
  std::optional<Sourced<std::string>> label;
  std::optional<Sourced<OnNoFit>> on_no_fit;
  std::optional<Sourced<Hold>> hold;
  std::vector<std::pair<Pool, Sourced<Bytes>>> available;
};

// The stage with the wishes in place of its own values. An error where it is
// not clear which pool they are about, or where the stage is left without any
// cost that `rule` requires; where it does not, such a stage is about RAM.
Result<Stage> apply_wishes(Stage stage, const Wishes& wishes,
                           CostRule rule = CostRule::required);

}  // namespace fitrun
