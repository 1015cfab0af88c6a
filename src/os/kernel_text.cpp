#include "os/kernel_text.h"

#include <limits>

#include "base/text.h"

namespace fitrun {
namespace {

// What stands behind `name` and `separator` at the beginning of a line.
std::optional<std::string_view> behind(std::string_view text,
                                       std::string_view name, char separator) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.size() > name.size() && line.starts_with(name) &&
        line[name.size()] == separator)
      return line.substr(name.size() + 1);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_kib(std::string_view text) {
  text = trim(text);
  if (!text.ends_with(" kB")) return std::nullopt;
  const auto kib = parse_count(trim(text.substr(0, text.size() - 3)));
  if (!kib || *kib > std::numeric_limits<std::uint64_t>::max() / 1024)
    return std::nullopt;
  return *kib * 1024;
}

std::optional<std::uint64_t> kib_field(std::string_view text,
                                       std::string_view name) {
  const auto value = behind(text, name, ':');
  return value ? parse_kib(*value) : std::nullopt;
}

std::optional<std::uint64_t> count_field(std::string_view text,
                                         std::string_view name) {
  const auto value = behind(text, name, ' ');
  return value ? parse_count(trim(*value)) : std::nullopt;
}

}  // namespace fitrun
