// Small pieces of the sentences about runs.

#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace fitrun {

// printf into a string, cut at 511 bytes: the formats are short.
template <typename... Args>
std::string printed(const char* format, Args... args) {
  char text[512];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

// "1 worker", "2 workers".
inline std::string counted(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace fitrun
