// A line about something that goes on: on a terminal it is written over, in a
// file or the log of a CI it is written now and then.

#pragma once

#include <chrono>
#include <string>

namespace fitrun {

// When a line is due that stays where it is written: after 5 s of silence, then
// of twice as long each time, of 5 min at most. Pure.
class Seldom {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Seldom(Time now) : said_(now) {}
  // Whether it is; then it counts as said.
  bool due(Time now);
  // Something else was said.
  void said(Time now) { said_ = now; }

 private:
  Time said_;
  std::chrono::seconds pause_{5};
};

// On standard error.
class LiveLine {
 public:
  LiveLine();
  ~LiveLine() { clear(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  // On a terminal at most ten times a second, cut to its width.
  void show(const std::string& text);
  // Before something else is written.
  void clear();

 private:
  bool terminal_ = false;
  bool shown_ = false;
  Seldom::Time last_;
  Seldom seldom_;
};

}  // namespace fitrun
