// What was asked of a launch, however it was said: flags, variables, or a test.
// Nothing is looked up or measured yet.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/wishes.h"
#include "stage/stage.h"

namespace fitrun {

struct LaunchOptions {
  Wishes wishes;
  std::optional<std::chrono::milliseconds> wait_timeout;  // empty: no end
  bool watch = false;
  std::uint64_t retries = 0;         // runs after a kill for lack of memory
  bool jobserver = false;            // where the tool takes part in one
  std::string stage;                 // as named; "": costs from wishes alone
  std::vector<std::string> command;  // empty: the stage's own
  bool as_is = false;                // placeholders in it are none
  // The descriptor of the tool that begins the command, where whoever looked at
  // that word has read it.
  std::optional<Stage> tool{};
};

// Of a measurement alone.
struct MeasureOptions {
  std::vector<std::uint64_t> counts;  // empty: found while it goes
  std::size_t repeat = 0;             // 0: as measure() sees fit
  std::vector<std::string> inputs;
  bool write = false;
  std::string prepare;  // run by sh -c before each run; "": nothing
  std::string plot;     // the file to write; "": none
  bool show_output = false;
  bool sample = false;  // make no control group
};

}  // namespace fitrun
