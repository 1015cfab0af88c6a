#include "cli/live_line.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "cli/log.h"

namespace fitrun {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::seconds kLongestPause{300};

void write_out(const std::string& text) {
  // A line of progress that is lost is no loss.
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

bool Seldom::due(Time now) {
  if (now - said_ < pause_) return false;
  said_ = now;
  pause_ = std::min(2 * pause_, kLongestPause);
  return true;
}

LiveLine::LiveLine()
    : terminal_(is_terminal(STDERR_FILENO)), seldom_(Clock::now()) {}

void LiveLine::show(const std::string& text) {
  const auto now = Clock::now();
  if (!terminal_) {
    if (seldom_.due(now)) log_line(LogLevel::info, text);
    return;
  }
  if (shown_ && now - last_ < kPause) return;
  last_ = now;
  shown_ = true;
  // A line that reaches the edge would go on below, and stay.
  write_out("\r" + printable(text, terminal_columns(STDERR_FILENO) - 1) +
            "\x1b[K");
}

void LiveLine::clear() {
  if (shown_) write_out("\r\x1b[K");
  shown_ = false;
  seldom_.said(Clock::now());
}

}  // namespace fitrun
