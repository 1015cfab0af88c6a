// What a command finds changed in its environment, in place of what it would
// have inherited. Data alone: apply() in os/environment.h makes it so.

#pragma once

#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace fitrun {

struct EnvironmentChanges {
  // Name and value; of a name that is there twice the last one holds.
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> unset;  // comes first: what is set stays set

  void add(EnvironmentChanges more) {
    set.insert(set.end(), std::move_iterator(more.set.begin()),
               std::move_iterator(more.set.end()));
    unset.insert(unset.end(), std::move_iterator(more.unset.begin()),
                 std::move_iterator(more.unset.end()));
  }
};

}  // namespace fitrun
