// A mistake in a descriptor, as data: where it is and what is wrong.
//
// The parser collects all of them; whoever called it decides what to do.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fitrun {

inline constexpr std::size_t kMostMistakes = 20;

struct Diagnostic {
  std::size_t line = 0;    // the first is 1; 0: about the file as a whole
  std::size_t column = 0;  // in characters, the first is 1
  std::string message;
};

// In the order of their lines, each as "file:line:column: error: message" with
// the source line and a caret below it; `text` is the whole descriptor. The
// first kMostMistakes are shown, and the others counted; of a long line what is
// around the caret.
std::string render_diagnostics(const std::vector<Diagnostic>& diagnostics,
                               std::string_view file, std::string_view text);

// One a line as they are, with the same bound.
std::string render_messages(const std::vector<std::string>& messages);

}  // namespace fitrun
