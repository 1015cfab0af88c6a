// Sums and differences of counters that end at 0 and 2^64 - 1 instead of
// wrapping: files of the kernel are not read at one instant, and a prepared
// directory may say anything.

#pragma once

#include <cstdint>
#include <limits>

namespace fitrun {

constexpr std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

constexpr std::uint64_t subtract(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

constexpr std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return b != 0 && a > kMost / b ? kMost : a * b;
}

}  // namespace fitrun
