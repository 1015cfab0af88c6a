// Whether a run did what the first one did. Pure.
//
// A build that finds everything built, or a program that finds its results,
// ends at once and takes nothing: such a run says nothing about the costs, and
// would teach that a worker costs nothing.

#pragma once

#include <string>

#include "measure/measure.h"

namespace fitrun {

// A sentence about `run`, the `number`th, where it is far shorter or lighter
// than `first`, of the same input, allows for; empty where it is not. The work
// may be split among the workers, or each may bring its own.
std::string other_work(const MeasuredRun& first, const MeasuredRun& run,
                       std::size_t number);

}  // namespace fitrun
