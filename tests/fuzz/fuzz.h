// For the fuzz targets: what must hold of any input. A broken promise aborts,
// which is how libFuzzer learns of it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fitrun::fuzz {

inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace fitrun::fuzz

#define FITRUN_REQUIRE(condition) \
  ::fitrun::fuzz::require((condition), #condition)
