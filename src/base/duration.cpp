#include "base/duration.h"

#include <charconv>

#include "base/text.h"

namespace fitrun {

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr double kYear = 366 * 24 * 3600 * 1e3;
  const auto wrong = [&] {
    return Error{"not a time: " + in_quotes(text) +
                 " (like 10, 1.5s, 500ms, 5m or 2h; at most a year)"};
  };
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, digits);
  const std::string_view unit =
      digits == std::string_view::npos ? "s" : text.substr(digits);
  double value = 0;
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (error != std::errc{} || stop != end) return wrong();
  double factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1e3;
  if (unit == "m") factor = 60e3;
  if (unit == "h") factor = 3600e3;
  if (factor == 0 || !(value * factor <= kYear)) return wrong();
  return std::chrono::milliseconds(static_cast<long long>(value * factor));
}

}  // namespace fitrun
