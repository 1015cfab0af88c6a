// Which of the GPUs that a command sees it may use. The one word for it that
// descriptors and drivers share.

#pragma once

#include <string>
#include <vector>

namespace fitrun {

struct DeviceChoice {
  enum Choice { first, all, listed };
  Choice choice = first;
  // Of `listed`: numbers ("0", as the command counts), UUIDs or the unique
  // beginning of one, PCI addresses.
  std::vector<std::string> names;
};

}  // namespace fitrun
