#include "cli/log.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include "base/text.h"
#include "base/wrap.h"
#include "os/file.h"
#include "os/write_signals.h"

namespace fitrun {
namespace {

ColourChoice chosen = ColourChoice::automatic;
std::unique_ptr<spdlog::logger> logger;

std::unique_ptr<spdlog::logger> make_logger() {
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_st>(
      style_for(STDERR_FILENO).colour ? spdlog::color_mode::always
                                      : spdlog::color_mode::never);
  sink->set_color(spdlog::level::info, "");
  auto made = std::make_unique<spdlog::logger>("fitrun", std::move(sink));
  made->set_level(spdlog::level::debug);
  made->set_pattern("%^%v%$");
  made->flush_on(spdlog::level::debug);
  made->set_error_handler([](const std::string&) {});
  return made;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::detail:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      break;
  }
  return spdlog::level::warn;
}

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value && *value;
}

bool is_forced(const char* variable) {
  return is_set(variable) && std::string_view(std::getenv(variable)) != "0";
}

bool has_colours(int fd) {
  if (chosen != ColourChoice::automatic) return chosen == ColourChoice::always;
  if (is_set("NO_COLOR")) return false;
  return is_forced("FORCE_COLOR") || is_forced("CLICOLOR_FORCE") ||
         is_terminal(fd);
}

bool utf8_locale() {
  // The order in which setlocale(3) asks them.
  for (const char* const variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!is_set(variable)) continue;
    const std::string value = to_lower(std::getenv(variable));
    return value.find("utf-8") != std::string::npos ||
           value.find("utf8") != std::string::npos;
  }
  return false;
}

// A line is no reason to wait for long: of a full pipe that nobody reads, or a
// terminal that is stopped, the command may still make something. A descriptor
// that does not block gets the same patience.
bool takes_a_line(int fd) {
  static int patience = 1'000;  // milliseconds, for all lines together
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, patience) != 0) return true;
  patience = 0;
  return false;
}

}  // namespace

void log_line(LogLevel level, const std::string& text) {
  if (!takes_a_line(STDERR_FILENO)) return;
  if (!logger) logger = make_logger();
  logger->log(spdlog_level(level), printable(text));
}

void log_all(const std::vector<LogLine>& lines) {
  for (const LogLine& line : lines) log_line(line.level, line.text);
}

bool is_terminal(int fd) {
  const char* const term = std::getenv("TERM");
  return term && std::string_view(term) != "dumb" && ::isatty(fd) == 1;
}

std::size_t terminal_columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void choose_colour(ColourChoice choice) {
  chosen = choice;
  logger.reset();
}

TextStyle style_for(int fd) {
  return {has_colours(fd), utf8_locale(), terminal_columns(fd)};
}

void print(const std::string& text) {
  print_as_is(printable_lines(text));
}

void print_screen(std::string_view text) {
  if (::isatty(STDOUT_FILENO) != 1) return print_as_is(text);
  print_as_is(wrapped(text, terminal_columns(STDOUT_FILENO)));
}

void print_as_is(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int code = errno;
      if (code == EPIPE) end_of_broken_pipe();
      throw Failure(path_error("standard output", code));
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace fitrun
