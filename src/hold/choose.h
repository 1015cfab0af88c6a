// Which jobs of a running command may run, and which are held.
//
// A job is a process tree that a client (make, ninja, xargs) has started. It is
// held by stopping it, best at its birth, when it has about 1 MiB; what it has
// by then it keeps. So a half-grown job is worse to hold than a newborn, and
// the jobs that have least left to grow go first: they end, and give memory
// back. Pure: the same jobs give the same choice.

#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace fitrun {

// All sizes are bytes.
struct JobState {
  std::uint64_t current = 0;   // what it has
  std::uint64_t expected = 0;  // its peak, as estimated
  std::uint64_t most = 0;      // what it may need at most
  bool exact = false;          // `expected` is its own peak in an earlier build
  bool unknown = false;   // there is neither a peak nor a bound for its kind
  bool admitted = false;  // was let run before
  std::chrono::milliseconds age{0};           // since it was first seen
  std::chrono::milliseconds admitted_for{0};  // since it was first let run
  std::chrono::milliseconds held{0};  // since it was stopped; 0 while it runs
};

struct HoldRoom {
  std::uint64_t cap = 0;   // what the command's whole tree may have
  std::uint64_t base = 0;  // what in it belongs to no job
  // Newborns pass one that is held; where it has waited longer than this, only
  // those that leave it the room that it waits for.
  std::chrono::milliseconds hold_max{2000};
};

// For each job whether it may run. Of some jobs at least one may, whatever the
// cap. As long as no estimate is wrong and the cap does not fall, the jobs that
// may run grow to no more than the cap, a single one aside.
std::vector<bool> choose_running(const HoldRoom& room,
                                 const std::vector<JobState>& jobs);

}  // namespace fitrun
