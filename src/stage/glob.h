// The files that a pattern names: `*`, `?` and `[...]` as in a shell, and `**`
// for any number of folders.
//
// Folders are read, never files. Unlike glob(3), a folder that cannot be read
// is an error: what is in it is unknown, and not nothing.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fitrun {

bool is_glob(std::string_view text);

// `text` as a pattern that names nothing but itself.
std::string glob_of_literal(std::string_view text);

// What is there and matches, each once, in the order of names: files, folders
// and links, also those to nothing. A name that begins with a point is matched
// by a point only, and `**` follows no links. A backslash takes away the
// meaning of the character behind it.
Result<std::vector<std::string>> find_glob(std::string_view pattern);

}  // namespace fitrun
