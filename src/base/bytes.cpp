#include "base/bytes.h"

#include <cmath>
#include <cstdio>
#include <limits>

#include "base/text.h"

namespace fitrun {
namespace {

constexpr std::uint64_t kLargest = (1ULL << 63) - 1;

__extension__ using Wide = unsigned __int128;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The factor of a unit, or 0 where there is no such unit.
std::uint64_t unit_factor(std::string_view unit) {
  if (unit.empty()) return 1;
  const std::string low = to_lower(unit);
  if (low == "b") return 1;
  const std::size_t step = std::string_view("kmgtpe").find(low[0]);
  if (step == std::string_view::npos) return 0;
  const std::string_view rest = std::string_view(low).substr(1);
  std::uint64_t base = 0;
  if (rest == "b") base = 1000;
  if (rest.empty() || rest == "i" || rest == "ib") base = 1024;
  std::uint64_t factor = base == 0 ? 0 : 1;
  for (std::size_t i = 0; i <= step; ++i) factor *= base;
  return factor;
}

Error not_a_size(std::string_view text, std::string_view why) {
  return Error{"not a size: " + in_quotes(text) + " (" + std::string(why) +
               ")"};
}

}  // namespace

Result<Bytes> parse_size(std::string_view text) {
  std::size_t at = 0;
  Wide whole = 0;
  while (at < text.size() && is_digit(text[at])) {
    whole = whole * 10 + static_cast<unsigned>(text[at++] - '0');
    if (whole > kLargest) return not_a_size(text, "too large");
  }
  if (at == 0) {
    return not_a_size(text, text.starts_with('-')
                                ? "it must not be negative"
                                : "expected a number, like 350MB or 1.5GiB");
  }

  Wide fraction = 0;
  Wide scale = 1;
  if (at < text.size() && text[at] == '.') {
    const std::size_t first = ++at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      // Digits beyond the 18th are below any byte of the largest unit.
      if (at - first >= 18) continue;
      fraction = fraction * 10 + static_cast<unsigned>(text[at] - '0');
      scale *= 10;
    }
    if (at == first) return not_a_size(text, "digits must follow the point");
  }

  std::size_t unit_at = at;
  while (unit_at < text.size() && text[unit_at] == ' ') ++unit_at;
  const std::string_view unit = text.substr(unit_at);
  const std::uint64_t factor =
      unit.empty() && unit_at != at ? 0 : unit_factor(unit);
  if (factor == 0) {
    return not_a_size(text,
                      "the unit must be B, KB, MB, GB, TB, KiB, MiB, GiB, "
                      "TiB, or K, M, G, T for the binary ones");
  }
  if (scale != 1 && unit.empty()) {
    return not_a_size(text, "a fraction needs a unit");
  }
  const Wide total = whole * factor + fraction * factor / scale;
  if (total > kLargest) return not_a_size(text, "too large");
  return Bytes{static_cast<std::uint64_t>(total)};
}

std::string format_bytes(double bytes) {
  char text[400];  // the largest double has 309 digits
  const auto print = [&](const char* format, double n) {
    const int length = std::snprintf(text, sizeof text, format, n);
    return std::string(text, static_cast<std::size_t>(length));
  };
  if (bytes >= 1e9) return print("%.1f GB", bytes / 1e9);
  if (bytes >= 1e6) return print("%.0f MB", bytes / 1e6);
  if (bytes >= 1e3) return print("%.0f KB", bytes / 1e3);
  // The original knows no budget below 0, which a reserve can make.
  if (bytes <= -1e3) return "-" + format_bytes(-bytes);
  // The original prints %d of a Lua number, which drops the fraction; without
  // the sum what lies just below 0 would be "-0".
  return print("%.0f B", std::trunc(bytes) + 0.0);
}

std::string format_limit(std::uint64_t bytes) {
  constexpr std::uint64_t kMib = 1ULL << 20, kGib = 1ULL << 30;
  if (bytes == 0 || bytes % kMib != 0)
    return format_bytes(static_cast<double>(bytes));
  const bool whole_gib = bytes % kGib == 0;
  return std::to_string(bytes / (whole_gib ? kGib : kMib)) +
         (whole_gib ? " GiB" : " MiB");
}

std::uint64_t whole_bytes(double bytes) {
  if (!(bytes > 0)) return 0;
  if (bytes >= 0x1p64) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace fitrun
