// Values that stand in descriptors and in flags alike, so that both take the
// same text and say the same about a wrong one.

#pragma once

#include <string_view>

#include "base/result.h"
#include "stage/stage.h"

namespace fitrun {

// "cpus", or a count from 1 to kMostWorkers.
Result<Want> parse_want(std::string_view text);

// Above 0, at most 1.
Result<double> check_headroom(double value);
Result<double> parse_headroom(std::string_view text);

// "run-one", "fail" or "wait".
Result<OnNoFit> parse_on_no_fit(std::string_view text);

// "auto", "on" or "off".
Result<Hold> parse_hold(std::string_view text);

// "first", "all", or numbers and UUIDs with commas between them.
Result<DeviceChoice> parse_devices(std::string_view text);

// "pin", "roundrobin", "even" or "model".
Result<Spread> parse_spread(std::string_view text);

// Not empty, one line, nothing that disturbs a terminal.
Result<std::string> check_label(std::string_view text);

}  // namespace fitrun
