// Pressure Stall Information (Linux 4.20; Documentation/accounting/psi.rst):
// whether anybody waits for memory right now. A health signal, not a number of
// bytes: with `full` above a few percent, nothing is free in practice.

#pragma once

#include <optional>
#include <string_view>

#include "probe/constraint.h"
#include "probe/self.h"

namespace fitrun {

// Percent, from the line "full avg10=0.12 avg60=…"; empty where there is none.
std::optional<double> parse_full_avg10(std::string_view text);

namespace probe {

// Of our own cgroup of version 2, which has the file whatever controllers it
// has, else of the machine; empty where the kernel does not say.
std::optional<Pressure> pressure(Self& self);

}  // namespace probe
}  // namespace fitrun
