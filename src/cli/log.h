// What fitrun says about a run: to stderr, because stdout is the command's.
//
// The logger (spdlog) is made when the first line is due: a quiet launch never
// pays for it. A line that cannot be written is lost, not a reason to fail.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/log_lines.h"
#include "plan/text_style.h"

namespace fitrun {

void log_all(const std::vector<LogLine>& lines);

// One line, whatever `text` holds: it is made printable here.
void log_line(LogLevel level, const std::string& text);

// Whether a terminal that can move its cursor is behind `fd`.
bool is_terminal(int fd);

// What the terminal behind `fd` can show: colours only on a terminal and not
// under NO_COLOR, line drawing where the locale is a UTF-8 one.
TextStyle style_for(int fd);

// The whole text to stdout, made printable line by line. Throws Failure where
// that is not possible.
void print(const std::string& text);

// The same for a text with colours, or for a shell, whose own bytes count. Who
// makes it has made printable what comes from outside.
void print_as_is(std::string_view text);

}  // namespace fitrun
