// Whom a use case works for: the environment it was started in, and how to tell
// the person at the terminal. The log is the command line's; a test hands in a
// function that keeps the lines.

#pragma once

#include <functional>
#include <string>

#include "os/environment.h"
#include "plan/log_lines.h"

namespace fitrun {

struct Caller {
  const Environment& environment;                         // must outlive this
  std::function<void(LogLevel, const std::string&)> log;  // one line
  LogLevel least = LogLevel::info;  // what is below it is not for them

  void say(LogLevel level, const std::string& line) const {
    if (level >= least) log(level, line);
  }
};

}  // namespace fitrun
