// What a plan says of the leases of other launches: what they hold, and where
// they are why this launch gets less.
//
// Holders are named, since what they hold is gone when they end; swap is not
// spoken of, since memory that is set aside is memory that is there.

#pragma once

#include <string>

#include "plan/plan.h"

namespace fitrun {

// "make (pid 4242)", "make (pid 4242), HTML (pid 17) and 3 more": the largest
// claims first.
std::string holders(const Constraint& constraint);

// "by make (pid 4242), 1.0 GB of it in use".
std::string held_by(const Constraint& constraint);

// Whether one worker would fit, did the leases not hold what they hold.
bool no_fit_for_leases(const PoolPlan& pool);

// Whether all workers that were wanted would fit then.
bool reduced_for_leases(const Plan& plan);

// Sentences without a tag; the first is empty where nobody holds anything.
std::string leases_line(const PoolPlan& pool);
std::string no_fit_for_leases_line(const PoolPlan& pool);
std::string reduced_for_leases_line(const Plan& plan);

// Behind the sentence that nothing was run, or that it waits; "" where leases
// are not why.
std::string for_leases_note(const Plan& plan);

}  // namespace fitrun
