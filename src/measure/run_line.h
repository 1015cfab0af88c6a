// One line of the history, taken apart as it is read. A launch does that with
// the last few lines of its kind, and it is the longest loop that it has: so no
// tree of JSON is built, each value goes where it belongs at once. Pure.

#pragma once

#include <cstdint>
#include <string_view>

#include "measure/runs.h"

namespace fitrun {

// What "v" of a line says: runs.h.
inline constexpr std::uint64_t kRunLineVersion = 1;

struct RunLine {
  enum class Is {
    record,
    newer,    // of a later version
    damaged,  // no JSON, or a value is of another kind than a record has
  };
  Is is = Is::damaged;
  RunRecord record{};  // of a record
};

RunLine read_run_line(std::string_view line);

}  // namespace fitrun
