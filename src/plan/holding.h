// Whether the jobs of a command are held where they do not fit (hold/), and
// what they may have together. Pure.
//
// A command that is held starts with as many jobs as were wanted: the memory
// limits which of them run, not how many there are. What nobody can hold, such
// as threads, gets the count that is safe.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "plan/pools.h"
#include "plan/target.h"

namespace fitrun {

// The share of the memory that held jobs may have, unless somebody said
// another: it is measured anew at each look.
inline constexpr double kHoldHeadroom = 0.90;

// Of jobs in earlier builds.
struct KindCounts {
  std::size_t known = 0;  // with the peak of one of them
  std::size_t seen = 0;   // those, and what was too short or not followed
};

// The jobserver that hands out the jobs of a tool.
enum class Jobserver {
  none,
  pipes,  // a few at a time (hold/token_pipe.h)
  fifo,   // all (hold/token_fifo.h)
};

struct HoldPlan {
  bool active = false;
  bool outside = false;                // a launch around this one does it
  std::uint64_t width = 0;             // jobs that the tool may have at once
  std::uint64_t cap = 0;               // bytes for all of them
  std::optional<std::uint64_t> bound;  // of a job's bytes, as declared
  bool at_birth_only = false;          // workers that take many jobs
  KindCounts kinds{};
  Jobserver jobserver = Jobserver::none;  // ours, while it is `active`

  // "3 kinds known", "12 of 14 kinds known".
  std::string known() const;
  // Whether the command starts with `width`, because somebody holds its jobs.
  bool keeps_width() const { return active || outside; }
};

// `ram` is the decided pool; `count` how many of the wanted ones are safe.
HoldPlan plan_holding(const Target& target, const PoolPlan& ram,
                      std::uint64_t want, std::uint64_t count);

// The share of what is available that held jobs may have. What runs have taught
// of the headroom is about counts: who holds sizes by estimates of single jobs.
double hold_headroom(const Target& target, const PoolNeeds& needs);

}  // namespace fitrun
