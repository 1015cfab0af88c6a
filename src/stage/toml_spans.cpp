#include "stage/toml_spans.h"

#include <algorithm>
#include <map>

namespace fitrun {
namespace {

// Nothing that people write is nested deeper; the recursion is.
constexpr int kDeepest = 64;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  Result<std::vector<TomlSpan>> run() {
    while (good_ && skip_blank_lines()) {
      statement_ = at_;
      if (peek() == '[')
        read_header();
      else
        read_pair(table_);
    }
    if (!good_)
      return Error{"byte " + std::to_string(at_) + ": not a TOML text"};
    return std::move(spans_);
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool more() const { return at_ < text_.size(); }
  bool at(std::string_view word) const {
    return more() && text_.substr(at_).starts_with(word);
  }

  bool take(char c) {
    if (peek() == c && more()) {
      ++at_;
      return true;
    }
    good_ = false;
    return false;
  }

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }

  void skip_line() {
    while (more() && peek() != '\n') ++at_;
  }

  // Blanks, ends of lines and comments; whether something follows.
  bool skip_blank_lines() {
    while (more()) {
      const char c = peek();
      if (c == '#')
        skip_line();
      else if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        ++at_;
      else
        return true;
    }
    return false;
  }

  static bool ends_word(char c) {
    return std::string_view(" \t\r\n=.,[]{}#\"'").find(c) !=
           std::string_view::npos;
  }

  std::string read_word() {
    const std::size_t start = at_;
    while (more() && !ends_word(peek())) ++at_;
    if (at_ == start) good_ = false;
    return std::string(text_.substr(start, at_ - start));
  }

  // From the opening quote; what stands between the quotes, escapes as they
  // are written: a key that needs them is none of a descriptor's.
  std::string read_string() {
    const char quote = peek();
    const std::string triple(3, quote);
    const bool long_form = at(triple);
    const std::string close = long_form ? triple : std::string(1, quote);
    at_ += close.size();
    const std::size_t start = at_;
    while (more() && !at(close)) {
      if (!long_form && peek() == '\n') break;
      at_ += quote == '"' && peek() == '\\' ? 2 : 1;
    }
    if (!at(close) || !more()) {
      good_ = false;
      at_ = std::min(at_, text_.size());
      return {};
    }
    std::string inside(text_.substr(start, at_ - start));
    at_ += close.size();
    // Up to two quotes may stand before the closing three.
    while (long_form && peek() == quote && more()) ++at_;
    return inside;
  }

  // a . "b" . c
  std::string read_key() {
    std::string key;
    while (good_) {
      skip_blanks();
      const bool quoted = peek() == '"' || peek() == '\'';
      key += quoted ? read_string() : read_word();
      skip_blanks();
      if (peek() != '.') break;
      ++at_;
      key += '.';
    }
    return key;
  }

  void read_header() {
    const std::size_t begin = at_;
    const bool array = at("[[");
    at_ += array ? 2 : 1;
    table_ = read_key();
    take(']');
    if (array) {
      take(']');
      table_ += "[" + std::to_string(arrays_[table_]++) + "]";
    }
    spans_.push_back({table_, SpanKind::table_header, begin, at_, statement_});
  }

  static std::string joined(const std::string& parent, const std::string& key) {
    return parent.empty() ? key : parent + "." + key;
  }

  void read_pair(const std::string& parent) {
    const std::string path = joined(parent, read_key());
    take('=');
    if (good_) read_value(path);
  }

  void read_value(const std::string& path) {
    skip_blanks();
    const std::size_t index = spans_.size();
    spans_.push_back({path, SpanKind::scalar, at_, at_, statement_});
    if (++depth_ > kDeepest) good_ = false;
    if (!good_) return;
    if (peek() == '[') {
      spans_[index].kind = SpanKind::array;
      read_array(path);
    } else if (peek() == '{') {
      spans_[index].kind = SpanKind::inline_table;
      read_inline_table(path);
    } else if (peek() == '"' || peek() == '\'') {
      read_string();
    } else {
      read_bare_value();
    }
    --depth_;
    spans_[index].end = at_;
  }

  // A number, a date, true: with the points that end a key, and the blank
  // between a date and its time.
  void read_bare_value() {
    const std::size_t start = at_;
    while (more() && (!ends_word(peek()) || peek() == '.')) ++at_;
    if (at_ == start) good_ = false;
  }

  void read_array(const std::string& path) {
    take('[');
    for (std::size_t i = 0; good_; ++i) {
      skip_blank_lines();
      if (peek() == ']') break;
      read_value(path + "[" + std::to_string(i) + "]");
      skip_blank_lines();
      if (peek() != ',') break;
      ++at_;
    }
    take(']');
  }

  void read_inline_table(const std::string& path) {
    take('{');
    while (good_) {
      skip_blank_lines();
      if (peek() == '}') break;
      read_pair(path);
      skip_blank_lines();
      if (peek() != ',') break;
      ++at_;
    }
    take('}');
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t statement_ = 0;
  int depth_ = 0;
  bool good_ = true;
  std::string table_;
  std::map<std::string, std::size_t> arrays_;
  std::vector<TomlSpan> spans_;
};

}  // namespace

Result<std::vector<TomlSpan>> find_spans(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace fitrun
