// A line on the terminal that is written over while something goes on.

#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace fitrun {

// The width of the terminal behind `fd`; 80 where it is none.
std::size_t terminal_columns(int fd);

// On standard error. Where that is no terminal, nothing is shown.
class LiveLine {
 public:
  LiveLine();
  ~LiveLine() { clear(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  // At most ten times a second, cut to the terminal's width.
  void show(const std::string& text);
  void clear();

 private:
  bool on_ = false;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace fitrun
