// What a tool or a command costs, from the records of the runs that it had
// here. Pure. This is the rule:
//
// Where each job is a process of its own (make, ninja, xargs), a run's envelope
// says what one job took, two, and so on (envelope.h); where workers are
// threads or take many jobs, a run says what its count took. The costs are a
// line that lies above all of that:
//
//   one count only      fixed 0, per_worker = peak / count: more workers cost
//   no
//                       more than in proportion. That fewer cost less is not
//                       known (`least_known`).
//   jobs                the line that touches the hull of all envelopes at its
//                       end, and rises with each job by at least what a job
//                       takes on average: that few were large at one time is no
//                       reason to count on it with more
//   counts              the bound of fit/regress.h
//
// A build of one small file says nothing of the next: nothing is learned from
// fewer than five jobs. The same number, or a second run, is needed before the
// headroom goes above what was declared: then it is the ceiling of
// fit/headroom.h, less by how much a run has ever exceeded what the runs before
// it had taught, where the points are a line by the rules of `fitrun measure`
// or the jobs are alike.
//
// A run that failed by itself may not have come to its largest jobs: what it
// took counts, but it does not count as a run. Neither does one that was over
// before a sampler could have seen it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fit/regress.h"
#include "measure/runs.h"

namespace fitrun {

struct LearnedCosts {
  Costs costs;                     // bytes
  std::optional<double> headroom;  // empty: what was declared holds
  std::size_t runs = 0;
  std::string last;  // when the last of them was: "2026-01-31"
  // With fewer workers than that nobody knows what is saved; 0: all is known.
  std::uint64_t least_known = 0;
};

// What runs are about: whether each job of the command is a process of its own.
enum class WorkIs { jobs, counts };

// `records` in the order in which they ran; of one command, older ones may be
// left out. Empty where they teach nothing.
std::optional<LearnedCosts> learn_costs(const std::vector<RunRecord>& records,
                                        WorkIs work);

// "learned from 6 runs, last 2026-11-25".
std::string origin_of(const LearnedCosts& learned);

}  // namespace fitrun
