// Lines that are wider than the terminal, broken where a reader would.
//
// Screens are rows of cells, at least two blanks apart, the last of them often
// long: an origin, a path, a sentence. A terminal breaks such a row in the
// middle of a word and goes on at its left edge, below the numbers.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fitrun {

// Characters of text that is printable, colours (ECMA-48 SGR) not counted.
std::size_t columns_of(std::string_view text);

// The text with each line of more than `columns` broken at blanks. A cell goes
// on below where it began; one that has no room there begins a line of its own,
// indented. Lines that fit stay as they are, words too: what is wider than a
// line (a URL, a path) is left to the terminal, and can be copied. A comment's
// next line is a comment.
std::string wrapped(std::string_view text, std::size_t columns);

}  // namespace fitrun
