// Where the values of a TOML text stand, for changing one of them in place.
//
// Not a parser: the text has been parsed already, and what is wrong with it has
// been said. This finds the first and last byte of every value, which a parser
// that keeps neither comments nor ends of values cannot tell.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fitrun {

enum class SpanKind { scalar, array, inline_table, table_header };

struct TomlSpan {
  std::string path;  // "ram.fixed", "ram.fixed[1].parse_factor"; keys unquoted
  SpanKind kind = SpanKind::scalar;
  std::size_t begin = 0;  // offsets into the text, end exclusive
  std::size_t end = 0;
  // Of the key or table header at the beginning of a line that it belongs to.
  std::size_t statement = 0;
};

// In the order of the text: a container before what it contains. The error is
// for a text that is not TOML.
Result<std::vector<TomlSpan>> find_spans(std::string_view text);

}  // namespace fitrun
