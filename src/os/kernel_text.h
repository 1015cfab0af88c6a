// Numbers in the kernel's text files, in the two shapes that most have: a
// "Name:   123 kB" line (/proc/meminfo, status, smaps_rollup) and a "name 123"
// line (memory.stat, memory.events, vmstat). Parsers take the text.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fitrun {

// "  24604508 kB" in bytes: the files say kB and mean KiB. Empty where the text
// is anything else, or 2^64 bytes and more.
std::optional<std::uint64_t> parse_kib(std::string_view text);

// Bytes, of the line that begins with `name` and a colon; empty where there is
// none, or no such size on the first.
std::optional<std::uint64_t> kib_field(std::string_view text,
                                       std::string_view name);

// Of the line that begins with `name` and a blank, the same way.
std::optional<std::uint64_t> count_field(std::string_view text,
                                         std::string_view name);

}  // namespace fitrun
