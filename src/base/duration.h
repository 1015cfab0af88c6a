// Spans of time as people write them in flags and descriptors.

#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace fitrun {

// "10" (seconds), "1.5s", "500ms", "5m", "2h"; up to a year. The whole text, or
// an error that quotes it.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace fitrun
