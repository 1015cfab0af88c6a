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

// Whether a character of UTF-8 begins with this byte.
inline bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

// Whether it is a number in base 10 of any size, without a sign.
bool all_digits(std::string_view text);

// The numbers of the version in a text's first line, 4, 4 and 1 of "GNU Make
// 4.4.1": of the first word that begins with two with a dot between them.
// Empty: there is none.
std::vector<std::uint64_t> version_in(std::string_view text);

// "1 worker", "2 workers".
std::string counted(std::uint64_t number, std::string_view noun);

// Text from outside (names of cgroups and files, labels, what drivers say) as a
// part of one line for a terminal. What would move the cursor, end the line or
// turn its direction is shown as an escape: \x1b and the other C0 controls,
// bytes that are not UTF-8 (\xff), DEL, C1 (\u009b), line separators and
// bidirectional overrides (\u202e). All else is as it was, a backslash too, so
// that a second pass changes nothing. At most `most` bytes, of whole
// characters.
std::string printable(std::string_view text,
                      std::size_t most = std::string_view::npos);

// The same for a text of several lines, whose line ends stay. JSON stays JSON
// and keeps its meaning: there only \u escapes are added.
std::string printable_lines(std::string_view text);

// The same text where it is UTF-8; every other byte is written as \xff. So a
// name that is not UTF-8 (a folder of before there was any) is the same, and no
// other's, in what is stored as JSON.
std::string valid_utf8(std::string_view text);

// "text" in double quotes for a message: printable, and a long one is cut with
// "...".
std::string in_quotes(std::string_view text);

// As one word for sh: unchanged where nothing in it is special, else in single
// quotes.
std::string shell_quoted(std::string_view text);

// The candidate that `text` was probably meant to be: at most half of its
// letters, and never more than three, are wrong, missing, extra or swapped.
// Empty where there is none.
std::string_view did_you_mean(std::string_view text,
                              const std::vector<std::string_view>& candidates);

// "; did you mean X?", or nothing for "".
std::string suggestion(std::string_view near);

}  // namespace fitrun
