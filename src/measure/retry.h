// Whether the kernel has killed a run for lack of memory, how many workers to
// try then, and where to start next time. Pure.
//
// Two bounds are remembered: the largest count that worked, and the smallest
// that did not. A count that did not work says that its need was more than what
// was available then: with more memory it may work, so that such a run counts
// only where there is no more now. A run whose jobs were held says nothing of a
// count.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "measure/measure.h"
#include "measure/runs.h"

namespace fitrun {

// Whether the run is to be tried again with fewer workers: not one that
// somebody has asked to end. A kill that was counted in a group of the run's
// own is the run's; of one that was counted elsewhere only a run that failed
// can have been the victim.
bool killed_for_memory(const RunOutcome& run);

// The kills that a record of the run says: those of others' are not known to be
// its own, and a record must not make them so.
std::optional<std::uint64_t> own_kills(const RunOutcome& run);

// 0 is none.
struct CountBounds {
  std::uint64_t works = 0;
  std::uint64_t fails = 0;
};

// What the records of a stage say for `available` bytes. Only runs whose end
// was seen count, and a success only below the smallest failure.
CountBounds bounds_of(const std::vector<RunRecord>& records,
                      std::uint64_t available);

// What a kill leaves behind: no launch with about as much memory starts more
// workers.
struct KillCap {
  std::uint64_t workers = 1;
  std::uint64_t killed = 0;  // with so many
  std::uint64_t clean = 0;   // runs since, of the three that lift it
};

// What the records of a command, in the order in which they ran, say for
// `available` bytes. A kill counts where that is at most 1.1 times what was
// available then; the cap is what had worked before, or half of what was
// killed. Three runs in a row at the cap in which nobody was killed lift it by
// one, and beyond the count that was killed there is none. A run that failed,
// or of which nobody counted the kills, is no such run.
std::optional<KillCap> cap_of_kills(const std::vector<RunRecord>& records,
                                    std::uint64_t available);

// After a kill with `workers`: half of them, or what is known to work where
// that is more. Empty after 1. Remembers the failure in `bounds`.
std::optional<std::uint64_t> retry_count(std::uint64_t workers,
                                         CountBounds& bounds);

}  // namespace fitrun
