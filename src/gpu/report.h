// The text that a child hands back about a driver: lines of words with tabs
// between them. Nothing that a driver says can add a line or a word.

#pragma once

#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "gpu/gpu.h"

namespace fitrun {

inline void add_report_line(std::string& out,
                            std::initializer_list<std::string> line) {
  bool first = true;
  for (const std::string& word : line) {
    if (!first) out += '\t';
    first = false;
    out += short_text(word);
  }
  out += '\n';
}

// The words of one line, read from left to right.
class ReportLine {
 public:
  explicit ReportLine(std::string_view line) : words_(split(line, '\t')) {}

  // The next word; "" where there is none, which spoils the line.
  std::string text() {
    if (at_ == words_.size()) {
      good_ = false;
      return {};
    }
    return std::string(words_[at_++]);
  }

  // The next word as a whole number; 0 where it is none, which spoils the line.
  template <typename N>
  N number() {
    const std::string word = text();
    N n{};
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, n);
    if (error != std::errc{} || stop != end) good_ = false;
    return n;
  }

  // Whether all that was asked for was there, and nothing is left.
  bool complete() const { return good_ && at_ == words_.size(); }

 private:
  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
  bool good_ = true;
};

}  // namespace fitrun
