// Small pieces of the sentences about runs.

#pragma once

#include <cstdint>
#include <string>

namespace fitrun {

// "1 worker", "2 workers".
inline std::string counted(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace fitrun
