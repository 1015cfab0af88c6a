// The [tool] table of a descriptor: from TOML to a Tool, with a note of every
// mistake in it.

#pragma once

#include "stage/toml_reader.h"
#include "stage/tool.h"

namespace fitrun {

// Notes in `in` what is wrong, and leaves a default in its place.
Tool parse_tool(TomlReader& in, const toml::table& table);

}  // namespace fitrun
