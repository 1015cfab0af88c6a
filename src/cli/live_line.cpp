#include "cli/live_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/log.h"

namespace fitrun {
namespace {

constexpr std::chrono::milliseconds kPause{100};

void write_out(const std::string& text) {
  // A line of progress that is lost is no loss.
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::size_t terminal_columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

LiveLine::LiveLine() : on_(is_terminal(STDERR_FILENO)) {}

void LiveLine::show(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_ || (shown_ && now - last_ < kPause)) return;
  last_ = now;
  shown_ = true;
  // A line that reaches the edge would go on below, and stay.
  write_out("\r" + printable(text, terminal_columns(STDERR_FILENO) - 1) +
            "\x1b[K");
}

void LiveLine::clear() {
  if (shown_) write_out("\r\x1b[K");
  shown_ = false;
}

}  // namespace fitrun
