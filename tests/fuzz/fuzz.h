// For the fuzz targets: what must hold of any input. A broken promise aborts,
// which is how libFuzzer learns of it.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

// The bytes of a fuzzer as numbers. One byte says how many follow, so that
// small numbers are common.
class Numbers {
 public:
  Numbers(const std::uint8_t* data, std::size_t size)
      : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }

  std::uint64_t number() {
    if (size_ == 0) return 0;
    const std::size_t length = std::min<std::size_t>(data_[0] % 9, size_ - 1);
    std::uint64_t n = 0;
    std::memcpy(&n, data_ + 1, length);
    data_ += 1 + length;
    size_ -= 1 + length;
    return n;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace fitrun::fuzz

#define FITRUN_REQUIRE(condition) \
  ::fitrun::fuzz::require((condition), #condition)
