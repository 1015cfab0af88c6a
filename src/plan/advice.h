// What to change to get more memory than a constraint gives. The probe knows
// which file of the kernel's binds; people set that number elsewhere: in a
// unit, a container's options, a job script.

#pragma once

#include <string>

#include "probe/constraint.h"

namespace fitrun {

// One sentence without a full stop; empty where nothing is known about the
// source.
std::string advice(const Constraint& binding);

// The same for the limit on one process, and on processes.
std::string advice(const ProcessCap& cap);
std::string advice(const WorkerCap& cap);

}  // namespace fitrun
