// What fitrun says about a run: to stderr, because stdout is the command's.
//
// The logger (spdlog) is made when the first line is due: a quiet launch never
// pays for it. A line that cannot be written is lost, not a reason to fail.

#pragma once

#include <cstddef>
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

// The width of the terminal behind `fd`; 80 where it is none.
std::size_t terminal_columns(int fd);

// What --color said; for all that is shown from here on.
void choose_colour(ColourChoice choice);

// What the reader behind `fd` can show. Where --color leaves it open, colours
// are off under NO_COLOR, else on under FORCE_COLOR or CLICOLOR_FORCE (0 is as
// good as unset), else on a terminal. Line drawing where the locale is UTF-8.
TextStyle style_for(int fd);

// The whole text to stdout, made printable line by line. Throws Failure where
// that is not possible.
void print(const std::string& text);

// A text for people, printable and perhaps with colours: on a terminal its
// lines are broken to fit (base/wrap.h), elsewhere each stays one.
void print_screen(std::string_view text);

// The same for a text with colours, or for a shell, whose own bytes count. Who
// makes it has made printable what comes from outside.
void print_as_is(std::string_view text);

}  // namespace fitrun
