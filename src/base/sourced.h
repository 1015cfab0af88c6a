// A value that remembers where it came from, so that a plan can show its work.
//
// fitrun's promise is that every number it used can be traced: to a line of the
// descriptor, a flag, a variable, or a file in /proc. Code that decides
// something takes Sourced<T>; code that only calculates takes T.

#pragma once

#include <string>

namespace fitrun {

template <typename T>
struct Sourced {
  T value{};
  // For people: "stages/html.toml:12", "--want", "FITRUN_WANT", "default".
  std::string origin;
};

}  // namespace fitrun
