// From the text of a descriptor to parsed TOML, or to the one mistake that
// keeps it from being TOML.
//
// Texts that would take toml++ long, or its recursion beyond the stack, are
// refused before it sees them (stage/toml_limits.h). Its implementation is
// compiled in toml_text.cpp alone.

#pragma once

#include <string_view>
#include <variant>

#include "stage/diagnostic.h"
#include "stage/toml_header.h"

namespace fitrun {

// An old editor's byte order mark, which is no mistake worth a message.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Places in the table are those in `text` without its byte order mark.
std::variant<toml::table, Diagnostic> parse_toml(std::string_view text);

}  // namespace fitrun
