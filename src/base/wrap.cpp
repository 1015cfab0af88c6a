#include "base/wrap.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"

namespace fitrun {
namespace {

constexpr std::size_t kIndent = 8;  // of a cell that begins a line: the bar's
constexpr std::size_t kRoom = 24;   // with less of it nothing goes on below

struct Cell {
  std::size_t gap = 0;  // blanks before it
  std::string_view text;
};

// A line's cells; one blank is between words of the same cell.
std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  while (!line.empty()) {
    const std::size_t gap = std::min(line.find_first_not_of(' '), line.size());
    line.remove_prefix(gap);
    const std::string_view text = line.substr(0, line.find("  "));
    if (!text.empty()) cells.push_back({gap, text});
    line.remove_prefix(text.size());
  }
  return cells;
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const std::string_view word : words(text))
    longest = std::max(longest, columns_of(word));
  return longest;
}

class Wrapper {
 public:
  Wrapper(std::size_t columns, bool comment)
      : columns_(columns), comment_(comment) {}

  // `hang`: where the next lines of this cell begin.
  void put(const Cell& cell, std::size_t hang) {
    out_.append(cell.gap, ' ');
    at_ += cell.gap;
    bool first = true;
    for (const std::string_view word : words(cell.text)) {
      const std::size_t width = columns_of(word);
      if (!first && at_ + 1 + width > columns_) {
        next_line(hang);
      } else if (!first) {
        out_ += ' ';
        ++at_;
      }
      out_ += word;
      at_ += width;
      first = false;
    }
  }

  void next_line(std::size_t hang) {
    std::string start(hang, ' ');
    if (comment_) start.front() = '#';
    if (!out_.empty()) out_ += '\n';
    out_ += start;
    at_ = hang;
  }

  std::size_t at() const { return at_; }
  std::string take() { return std::move(out_); }

 private:
  std::size_t columns_;
  bool comment_;
  std::string out_;
  std::size_t at_ = 0;
};

std::string wrapped_line(std::string_view line, std::size_t columns) {
  const std::vector<Cell> cells = cells_of(line);
  Wrapper wrapper(columns, line.front() == '#');
  for (const Cell& cell : cells) {
    const bool first = &cell == &cells.front();
    const std::size_t start = wrapper.at() + cell.gap;
    const std::size_t room = columns - std::min(columns, start);
    const std::size_t longest = longest_word(cell.text);
    const bool goes_on = room >= kRoom && longest <= room;
    if (first && start < kIndent) {  // a sentence, or the row's name
      wrapper.put(cell, start + 2);
    } else if (columns_of(cell.text) <= room || goes_on) {
      wrapper.put(cell, start);
    } else {
      const std::size_t indent = kIndent + longest <= columns ? kIndent : 2;
      wrapper.next_line(indent);
      wrapper.put({0, cell.text}, indent);
    }
  }
  return wrapper.take();
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size());
    } else if (starts_character(text[i])) {
      ++columns;
    }
  }
  return columns;
}

std::string wrapped(std::string_view text, std::size_t columns) {
  std::string out;
  while (!text.empty()) {
    const bool ends = text.find('\n') != std::string_view::npos;
    const std::string_view line = take_line(text);
    out += columns_of(line) <= columns ? std::string(line)
                                       : wrapped_line(line, columns);
    if (ends) out += '\n';
  }
  return out;
}

}  // namespace fitrun
