#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace fitrun {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

constexpr char kHex[] = "0123456789abcdef";

struct Character {
  std::size_t length = 0;  // in bytes; 0 where `text` does not begin with UTF-8
  std::uint32_t code = 0;
};

// The first character of a text that is not empty, strictly: no overlong forms,
// no surrogates, nothing above U+10FFFF (RFC 3629).
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xf0   ? 4
                             : lead >= 0xe0 ? 3
                             : lead >= 0xc2 ? 2
                                            : 0;
  if (length == 0 || lead > 0xf4 || length > text.size()) return {};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (starts_character(text[i])) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) ||
      (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
    return {};
  return {length, code};
}

// Whether a terminal would obey a character instead of showing it.
bool commands_terminal(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||
         (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escaped(std::uint32_t code) {
  const int digits = code < 0x20 ? 2 : 4;
  std::string out = digits == 2 ? "\\x" : "\\u";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += kHex[code >> shift & 15];
  return out;
}

// Cuts the first character off `text` and returns it, with an escape in place
// of a byte that is not UTF-8 and of what `is_escaped` says.
template <class IsEscaped>
std::string take_escaped(std::string_view& text, IsEscaped is_escaped) {
  const Character c = first_character(text);
  const std::string_view raw =
      text.substr(0, std::max<std::size_t>(1, c.length));
  text.remove_prefix(raw.size());
  if (c.length == 0) {
    const auto byte = static_cast<unsigned char>(raw[0]);
    return {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
  }
  return is_escaped(c.code) ? escaped(c.code) : std::string(raw);
}

std::string take_printable(std::string_view& text) {
  return take_escaped(text, commands_terminal);
}

// Edits between two words: insert, drop, replace, or swap two neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1);
  for (std::size_t i = 0; i <= a.size(); ++i) {
    d[i].resize(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                          d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> lines(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return {};
  return split(text, '\n');
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (true) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return found;
    text.remove_prefix(first);
    const std::size_t end = text.find_first_of(" \t");
    found.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return found;
    text.remove_prefix(end);
  }
}

std::string to_lower(std::string_view text) {
  std::string low(text);
  for (char& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return low;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t n = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, n);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return n;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::uint64_t> version_in(std::string_view text) {
  for (const std::string_view word : words(take_line(text))) {
    std::vector<std::uint64_t> numbers;
    for (const std::string_view part : split(word, '.')) {
      const auto digits = part.substr(0, part.find_first_not_of("0123456789"));
      const auto number = parse_count(digits);
      if (!number) break;
      numbers.push_back(*number);
      if (digits.size() < part.size()) break;
    }
    if (numbers.size() > 1) return numbers;
  }
  return {};
}

std::string counted(std::uint64_t number, std::string_view noun) {
  std::string text = std::to_string(number);
  text.append(" ").append(noun);
  if (number != 1) text += 's';
  return text;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  while (!text.empty()) {
    const std::string shown = take_printable(text);
    if (shown.size() > most - out.size()) break;
    out += shown;
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty())
    out += take_escaped(text, [](std::uint32_t) { return false; });
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 120;
  std::string out = "\"";
  while (!text.empty()) {
    if (out.size() > kMost) return out + "...\"";
    out += take_printable(text);
  }
  return out + "\"";
}

std::string shell_quoted(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "%+,-./:=@_";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string_view did_you_mean(std::string_view text,
                              const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongestWord = 64;
  if (text.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t fewest = std::min<std::size_t>(3, (text.size() + 1) / 3) + 1;
  const std::string low = to_lower(text);
  for (const std::string_view candidate : candidates) {
    const std::size_t edits = distance(low, to_lower(candidate));
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view near) {
  return near.empty() ? "" : "; did you mean " + std::string(near) + "?";
}

}  // namespace fitrun
