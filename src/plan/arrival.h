// Whether the number of workers reaches a command, whatever says it: the
// command line, a placeholder in it, or a variable; and what to write where it
// does not.

#pragma once

#include <cstdint>
#include <string>

#include "plan/target.h"

namespace fitrun {

struct Arrival {
  // Why the count does not arrive, with what to do; empty: it does.
  std::string missing;
  // As it should be: a make that runs already hands out the jobs.
  bool by_jobserver = false;
};

// `threads` is the count that fits.
Arrival arrival_of(const Target& target, std::uint64_t threads);

}  // namespace fitrun
