#define TOML_IMPLEMENTATION
#include "stage/toml_text.h"

#include "stage/toml_limits.h"

namespace fitrun {

std::variant<toml::table, Diagnostic> parse_toml(std::string_view text) {
  if (text.starts_with(kByteOrderMark))
    text.remove_prefix(kByteOrderMark.size());
  if (auto absurd = find_absurdity(text)) return *std::move(absurd);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return Diagnostic{at.line, at.column, std::string(error.description())};
  }
}

}  // namespace fitrun
