// Where the values of a TOML text stand, for changing one of them in place.
//
// toml++ says where each begins and ends, in lines and characters; here these
// are bytes, and the text at each place is looked at before anybody edits it.

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

// In the order of the text: a container before what it contains. Paths longer
// than any of a descriptor's are left out, with what is below them. The error
// is for a text that is not TOML, or whose places cannot be trusted.
Result<std::vector<TomlSpan>> find_spans(std::string_view text);

}  // namespace fitrun
