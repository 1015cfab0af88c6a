#define TOML_IMPLEMENTATION
#include "stage/toml_text.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "stage/toml_limits.h"

namespace fitrun {
namespace {

// What to do about a size that stands without quotes, as `per_worker = 2GB`.
std::string size_hint(std::string_view text, std::size_t line) {
  while (line-- > 1) take_line(text);
  std::string_view value = take_line(text);
  value.remove_prefix(std::min(value.find('=') + 1, value.size()));
  value = trim(value.substr(0, value.find('#')));
  // A number without a unit is a size as it stands.
  if (value.empty() || value[0] == '"' || all_digits(value) ||
      !parse_size(value))
    return "";
  return "; put a size in quotes: " + in_quotes(value);
}

}  // namespace

std::variant<toml::table, Diagnostic> parse_toml(std::string_view text) {
  if (text.starts_with(kByteOrderMark))
    text.remove_prefix(kByteOrderMark.size());
  if (auto absurd = find_absurdity(text)) return *std::move(absurd);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return Diagnostic{
        at.line, at.column,
        std::string(error.description()) + size_hint(text, at.line)};
  }
}

}  // namespace fitrun
