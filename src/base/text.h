// Small operations on text that the standard library lacks.
//
// Everything takes and returns plain strings; nothing depends on the locale.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fitrun {

// Without blanks, tabs and line ends at both ends.
std::string_view trim(std::string_view text);

// The parts between separators; "a,,b" has three, "" has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

// The lines, without their ends; a last line may lack one.
std::vector<std::string_view> lines(std::string_view text);

// Cuts the first line off `text` and returns it without its end. For files that
// are walked once: nothing is allocated.
std::string_view take_line(std::string_view& text);

// The words between runs of blanks and tabs.
std::vector<std::string_view> words(std::string_view text);

// ASCII only.
std::string to_lower(std::string_view text);

// The whole text as an unsigned number in base 10: digits only, at most
// 2^64 - 1; empty otherwise.
std::optional<std::uint64_t> parse_count(std::string_view text);

// "text" in double quotes for a message: control characters and bytes that are
// not UTF-8's are written as \xNN, and a long text is cut with "...".
std::string in_quotes(std::string_view text);

// As one word for sh: unchanged where nothing in it is special, else in single
// quotes.
std::string shell_quoted(std::string_view text);

// The candidate that `text` was probably meant to be: at most half of its
// letters, and never more than three, are wrong, missing, extra or swapped.
// Empty where there is none.
std::string_view did_you_mean(std::string_view text,
                              const std::vector<std::string_view>& candidates);

}  // namespace fitrun
