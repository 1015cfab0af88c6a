// All that is known about the RAM pool, and the CPUs beside it. The one door of
// this folder for RAM: the sources behind it are files of their own.

#pragma once

#include <cstdint>

#include "base/sourced.h"
#include "os/environment.h"
#include "os/host.h"
#include "probe/constraint.h"

namespace fitrun::probe {

PoolReading ram(const Host& host, const Environment& environment);

// The CPUs that this process may really use, at least 1.
Sourced<std::uint64_t> cpus(const Host& host, const Environment& environment);

}  // namespace fitrun::probe
