// What the terminal can show, and the colours of text for people.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fitrun {

// What --color says. `automatic`: where a terminal reads, unless a variable
// says otherwise.
enum class ColourChoice { automatic, always, never };

// Without `unicode` bars and plots are drawn in ASCII.
struct TextStyle {
  bool colour = false;
  bool unicode = false;
  std::size_t columns = 80;
};

// ECMA-48 SGR sequences.
inline constexpr std::string_view kBold = "\x1b[1m", kGrey = "\x1b[90m",
                                  kRed = "\x1b[31m", kGreen = "\x1b[32m",
                                  kYellow = "\x1b[33m", kBlue = "\x1b[34m";

// Nothing is put around text that is empty or has no colour to be in.
inline std::string styled(std::string_view text, std::string_view code,
                          const TextStyle& style) {
  std::string result(text);
  if (style.colour && !text.empty() && !code.empty())
    result.insert(0, code).append("\x1b[0m");
  return result;
}

}  // namespace fitrun
