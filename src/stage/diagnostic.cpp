#include "stage/diagnostic.h"

#include <algorithm>

#include "base/text.h"

namespace fitrun {
namespace {

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

// Source as it is shown: each blank is one column wide, or the caret would be
// off.
std::string shown(std::string_view source) {
  std::string out(source);
  for (char& c : out)
    if (c == '\t' || c == '\r') c = ' ';
  return printable(out);
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), starts_character));
}

// The part of a line that fits a terminal around the column, with the caret's
// place in it.
std::string source_and_caret(std::string_view line, std::size_t number,
                             std::size_t column) {
  constexpr std::size_t kWidth = 100;
  std::vector<std::size_t> starts;  // of each character
  for (std::size_t i = 0; i < line.size(); ++i)
    if (starts_character(line[i])) starts.push_back(i);
  const std::size_t at = std::min(column - 1, starts.size());
  const std::size_t first =
      at > kWidth / 2 && starts.size() > kWidth ? at - kWidth / 2 : 0;
  const std::size_t last = std::min(starts.size(), first + kWidth);
  const std::size_t from = first < starts.size() ? starts[first] : line.size();
  const std::size_t to = last < starts.size() ? starts[last] : line.size();
  const std::size_t caret = at < starts.size() ? starts[at] : line.size();

  std::string margin = std::to_string(number);
  margin.insert(0, margin.size() < 5 ? 5 - margin.size() : 0, ' ');
  return margin + " | " + shown(line.substr(from, to - from)) + "\n" +
         std::string(margin.size(), ' ') + " | " +
         std::string(columns_of(shown(line.substr(from, caret - from))), ' ') +
         "^\n";
}

}  // namespace

std::string render_diagnostics(const std::vector<Diagnostic>& diagnostics,
                               std::string_view file, std::string_view text) {
  std::vector<const Diagnostic*> sorted;
  sorted.reserve(diagnostics.size());
  for (const Diagnostic& d : diagnostics) sorted.push_back(&d);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Diagnostic* a, const Diagnostic* b) {
                     return a->line < b->line;
                   });
  const std::vector<std::string_view> source = split(text, '\n');
  std::string out;
  for (const Diagnostic* d : sorted) {
    out += printable(file);
    if (d->line > 0) {
      out += ':' + std::to_string(d->line) + ':' + std::to_string(d->column);
    }
    out += ": error: " + printable(d->message) + "\n";
    if (!text.empty() && d->line > 0 && d->line <= source.size() &&
        d->column > 0)
      out += source_and_caret(source[d->line - 1], d->line, d->column);
  }
  return out;
}

}  // namespace fitrun
