#include "stage/diagnostic.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/wrap.h"

namespace fitrun {
namespace {

// Source as it is shown: each blank is one column wide, or the caret would be
// off.
std::string shown(std::string_view source) {
  std::string out(source);
  for (char& c : out)
    if (c == '\t' || c == '\r') c = ' ';
  return printable(out);
}

// Where the `count`th character of `line` begins, or its end.
std::size_t start_of(std::string_view line, std::size_t count) {
  for (std::size_t i = 0; i < line.size(); ++i)
    if (starts_character(line[i]) && count-- == 0) return i;
  return line.size();
}

// The part of a line that fits a terminal around the column, with the caret
// below its place: at most 100 columns on either side, which are fewer
// characters where some are shown as escapes.
std::string source_and_caret(std::string_view line, std::size_t number,
                             std::size_t column) {
  constexpr std::size_t kWidth = 100;
  const std::size_t caret = start_of(line, column - 1);
  std::size_t from = caret;
  const bool fits = start_of(line, kWidth) == line.size();
  for (std::size_t left = fits ? kWidth : kWidth / 2; left > 0 && from > 0;
       --left) {
    std::size_t before = from - 1;
    while (before > 0 && !starts_character(line[before])) --before;
    if (columns_of(shown(line.substr(before, caret - before))) > kWidth) break;
    from = before;
  }
  std::size_t to = caret;
  while (to < line.size()) {
    const std::size_t next = to + start_of(line.substr(to), 1);
    const std::string both = shown(line.substr(from, next - from));
    if (columns_of(line.substr(from, next - from)) > kWidth ||
        columns_of(both) > 2 * kWidth)
      break;
    to = next;
  }
  const std::string before = shown(line.substr(from, caret - from));
  return fmt::format("{:>5} | {}\n{:>5} | {}^\n", number,
                     shown(line.substr(from, to - from)), "",
                     std::string(columns_of(before), ' '));
}

std::string count_of_more(std::size_t count) {
  if (count <= kMostMistakes) return "";
  return fmt::format("and {} more mistakes\n", count - kMostMistakes);
}

}  // namespace

std::string render_diagnostics(const std::vector<Diagnostic>& diagnostics,
                               std::string_view file, std::string_view text) {
  std::vector<const Diagnostic*> all;
  all.reserve(diagnostics.size());
  for (const Diagnostic& d : diagnostics) all.push_back(&d);
  std::stable_sort(
      all.begin(), all.end(), [](const Diagnostic* a, const Diagnostic* b) {
        return std::pair(a->line, a->column) < std::pair(b->line, b->column);
      });
  if (all.size() > kMostMistakes) all.resize(kMostMistakes);
  const std::vector<std::string_view> source = split(text, '\n');
  std::string out;
  for (const Diagnostic* d : all) {
    out += printable(file);
    if (d->line > 0) out += fmt::format(":{}:{}", d->line, d->column);
    out += fmt::format(": error: {}\n", printable(d->message));
    if (!text.empty() && d->line > 0 && d->line <= source.size() &&
        d->column > 0)
      out += source_and_caret(source[d->line - 1], d->line, d->column);
  }
  return out + count_of_more(diagnostics.size());
}

std::string render_messages(const std::vector<std::string>& messages) {
  std::string out;
  for (std::size_t i = 0; i < std::min(messages.size(), kMostMistakes); ++i)
    out += printable(messages[i]) + "\n";
  return out + count_of_more(messages.size());
}

}  // namespace fitrun
