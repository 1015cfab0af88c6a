// Command lines of tools: where one says how many workers it wants, the same
// line with another number, and what kind of work it asks for.
//
// Pure, and in one pass over the line, however long it is. What cannot be read
// for certain is left as it stands.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stage/tool.h"

namespace fitrun {

// A number of workers as it was asked for: so many for each CPU, and some more.
struct AskedCount {
  double per_cpu = 0;
  double plus = 0;
};

// From 1 to kMostWorkers.
std::uint64_t workers_of(const AskedCount& asked, std::uint64_t cpus);

// Where a line says the number.
struct CountPlace {
  std::size_t option = 0;  // the index of the option's word
  // Of the value: its word, which may be the option's own, and its place there.
  // An option that stands alone has a value without length at its end.
  std::size_t word = 0;
  std::size_t begin = 0;
  // Empty: a placeholder.
  std::optional<AskedCount> asked;
};

// Of an option whose word tells one kind of work from another.
struct KindWord {
  std::string option;  // without its value
  std::string value;
};

struct ToolLine {
  std::vector<std::size_t> named;     // the words of Tool::commands
  std::vector<std::size_t> operands;  // words that are no option's
  std::vector<KindWord> kinds;
  std::optional<std::size_t> one;       // an option that says one worker
  std::vector<CountPlace> places;       // the last one holds
  std::vector<std::size_t> unreadable;  // count options with no such number
};

// Empty where the line is none of the tool's.
std::optional<ToolLine> read_tool_line(const Tool& tool,
                                       const std::vector<std::string>& command);

// The same of the value of one of the tool's variables, which is a number, or
// options as they stand in MAKEFLAGS. Empty: it says nothing of a number.
std::optional<AskedCount> read_tool_variable(const Tool& tool,
                                             std::string_view name,
                                             std::string_view value);

// As it is written: "-j16", "--jobs 16".
std::string spelled(const CountPlace& place,
                    const std::vector<std::string>& command);

// The line with `count` in every place that says a number, spelled as before;
// where none does, with the words of `insert`, as Tool::insert has them.
std::vector<std::string> with_count(const Tool& tool,
                                    const std::vector<std::string>& command,
                                    std::uint64_t count,
                                    const std::vector<std::string>& insert);

// The line without any place that says a number.
std::vector<std::string> without_count(const Tool& tool,
                                       const std::vector<std::string>& command);

// The words that tell one kind of work from another: the tool by its basename,
// whatever starts it (wrappers.h), or the program, subcommand, operands and
// what Tool::kind names, without any other option; at most kMostKindWords of
// them. Of a command that is no tool's, or where `tool` is null, all words that
// are no options.
inline constexpr std::size_t kMostKindWords = 32;
std::vector<std::string> kind_of_line(const Tool* tool,
                                      const std::vector<std::string>& command);

}  // namespace fitrun
