// How much of the available memory a stage with learned costs may plan with.
// Pure.
//
// The default of 0.7 covers costs that somebody guessed. Where they were
// measured, the runs themselves say how wrong the line can be, and the rest of
// the margin is memory that no worker gets. The learned headroom h covers two
// things: every run that was seen (peak * h <= line), and the run to come, at
// 99 % by the spread around the line. It is never above the ceiling, because
// the machine moves too; and where the runs cannot say, it is not learned.

#pragma once

#include <string>
#include <vector>

#include "base/pool.h"
#include "fit/regress.h"

namespace fitrun {

// For peaks that the kernel counted, and for peaks that were sampled, where a
// spike between two samples was not seen.
inline constexpr double kCountedCeiling = 0.95;
inline constexpr double kSampledCeiling = 0.90;

struct LearnedHeadroom {
  double value = kDefaultHeadroom;  // the declared one if not learned
  bool learned = false;
  std::string note;  // for people: what decided, or why it was not learned
};

// `regression` is regress(samples); `declared` is what the stage has now, and
// keeps where the runs cannot say.
LearnedHeadroom learn_headroom(const Regression& regression,
                               const std::vector<Sample>& samples,
                               double ceiling, double declared);

}  // namespace fitrun
