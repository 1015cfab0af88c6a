// What was typed, as a plain struct: nothing is looked up or measured yet.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/environment.h"
#include "plan/wishes.h"

namespace fitrun {

enum class Verb { run, plan, probe, check, measure, history, leases };
enum class Format { text, json, shell, threads };
enum class Verbosity { quiet, normal, verbose };

// Of `measure` alone.
struct MeasureOptions {
  std::vector<std::uint64_t> counts;  // empty: found while it goes
  std::size_t repeat = 0;             // 0: as measure() sees fit
  std::vector<std::string> inputs;
  bool write = false;
  std::string plot;  // the file to write; "": none
  bool show_output = false;
  bool sample = false;  // make no control group
};

struct Options {
  Verb verb = Verb::run;
  bool help = false;
  bool version = false;
  Verbosity verbosity = Verbosity::normal;
  Format format = Format::text;
  Wishes wishes;
  std::optional<std::chrono::milliseconds> wait_timeout;  // empty: no end
  bool watch = false;
  std::uint64_t retries = 0;  // runs after a kill for lack of memory
  MeasureOptions measure;
  std::string root;                  // "": this machine
  std::string capture;               // the folder to write; "": none
  std::vector<std::string> stages;   // at most one, but for `check`
  std::vector<std::string> command;  // byte for byte what was typed
};

// The command line over the FITRUN_ variables. Throws Failure, naming the flag
// or variable, on anything that is not understood.
Options parse_options(int argc, char** argv, const Environment& environment);

// The help of a command; fits a screen of 80 columns.
std::string help_text(Verb verb);

}  // namespace fitrun
