// What no descriptor needs and toml++ cannot take: a table within a table
// 150,000 times overflows its stack, and each key is looked up among all tables
// so far.
//
// Not a parser: it knows strings and comments, and counts what is outside of
// them. In a text that is TOML up to some place it counts right up to there,
// and toml++ reads no further.

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "stage/diagnostic.h"

namespace fitrun {

inline constexpr std::size_t kDeepestNesting = 32;       // [ and { in others
inline constexpr std::size_t kMostKeyParts = 32;         // a.b.c has three
inline constexpr std::size_t kMostDefinitions = 20'000;  // keys and headers

// The first place where `text`, without a byte order mark, goes beyond them.
std::optional<Diagnostic> find_absurdity(std::string_view text);

}  // namespace fitrun
