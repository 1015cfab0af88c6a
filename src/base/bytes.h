// Numbers of bytes: how people write them, and how fitrun prints them.
//
// The parser is strict, because a size that is misread by a factor of 1.07 or
// cut off at a typo decides how many workers start: the whole text is a size,
// or it is an error.

#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fitrun {

// A number of bytes that was read or written down. Never negative, never a
// fraction. The arithmetic of the fit is in doubles, as the original's.
struct Bytes {
  std::uint64_t count = 0;
  friend auto operator<=>(Bytes, Bytes) = default;
};

// "350MB" (10^6), "350MiB" (2^20), "2G" (2^30: a lone letter is binary, as
// Docker, systemd and Slurm read it), "1.5GiB", "4096", "4096 B". Letter case
// does not matter and blanks may stand before the unit. A fraction needs a
// unit, and what it gives below one byte is dropped. The error quotes the text
// and says what is wrong with it; sizes end below 2^63.
Result<Bytes> parse_size(std::string_view text);

// A size for a log line, in decimal units: "24.4 GB", "350 MB", "2 KB", "17 B".
// Takes a double because budgets are not whole numbers; at 0 and below, and for
// what is not a number, it still prints one.
std::string format_bytes(double bytes);
std::string format_bytes(std::integral auto bytes) {
  return format_bytes(static_cast<double>(bytes));
}

// A size that somebody set: a whole number of MiB or GiB as such, "1 GiB" and
// not "1.1 GB", because that is how it was written down; any other as above.
std::string format_limit(std::uint64_t bytes);

// The nearest whole number of bytes below `bytes`, held between 0 and 2^64 - 1;
// 0 for what is not a number. For JSON and placeholders.
std::uint64_t whole_bytes(double bytes);

}  // namespace fitrun
