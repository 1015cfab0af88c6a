#include "stage/toml_limits.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace fitrun {
namespace {

// Walks a text from one character outside of strings and comments to the next.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<Diagnostic> run() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      const char c = at_ < text_.size() ? text_[at_] : '\n';
      if (c == '"' || c == '\'')
        skip_string(c);
      else if (auto absurd = count(c))
        return absurd;
    }
    return std::nullopt;
  }

 private:
  std::optional<Diagnostic> count(char c) {
    // What may stand between the parts of a key is no end of it.
    const bool blank = c == ' ' || c == '\t';
    if (c == '.' && ++parts_ > kMostKeyParts)
      return wrong(fmt::format("a key of more than {} parts", kMostKeyParts));
    if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos)
      parts_ = 1;
    if (c == '[' || c == '{') {
      if (++depth_ > kDeepestNesting)
        return wrong(fmt::format("nested more than {} deep", kDeepestNesting));
    } else if ((c == ']' || c == '}') && depth_ > 0) {
      --depth_;
    }
    const bool header = c == '[' && begins_line_ && depth_ == 1;
    if ((c == '=' || header) && ++definitions_ > kMostDefinitions)
      return wrong(
          fmt::format("more than {} keys and tables", kMostDefinitions));
    begins_line_ = c == '\n' || (begins_line_ && blank);
    return std::nullopt;
  }

  // From the opening quote to the closing one; a string on one line ends with
  // it, closed or not.
  void skip_string(char quote) {
    begins_line_ = false;
    const std::string_view rest = text_.substr(at_);
    const bool long_form =
        rest.size() >= 3 && rest[1] == quote && rest[2] == quote;
    std::size_t i = long_form ? 3 : 1;
    for (; i < rest.size(); ++i) {
      if (quote == '"' && rest[i] == '\\')
        ++i;
      else if (long_form ? rest.substr(i, 3) == rest.substr(0, 3)
                         : rest[i] == quote || rest[i] == '\n')
        break;
    }
    // Up to two quotes may stand before the closing three.
    if (long_form)
      for (i += 2; i + 1 < rest.size() && rest[i + 1] == quote;) ++i;
    at_ += std::min(i, rest.size());
  }

  Diagnostic wrong(std::string message) const {
    Diagnostic found{1, 1, std::move(message)};
    for (const char c : text_.substr(0, at_)) {
      if (c == '\n') {
        ++found.line;
        found.column = 0;
      }
      if (starts_character(c)) ++found.column;
    }
    return found;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t parts_ = 1;  // of the key that may stand here
  std::size_t definitions_ = 0;
  bool begins_line_ = true;
};

}  // namespace

std::optional<Diagnostic> find_absurdity(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace fitrun
