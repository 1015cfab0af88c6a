// What was typed, as a plain struct: nothing is looked up or measured yet.

#pragma once

#include <string>
#include <vector>

#include "launch/options.h"
#include "os/environment.h"

namespace fitrun {

enum class Verb { run, plan, probe, check, measure, history, leases };
enum class Format { text, json, shell, threads };
enum class Verbosity { quiet, normal, verbose };

struct Options {
  Verb verb = Verb::run;
  bool help = false;
  bool version = false;
  Verbosity verbosity = Verbosity::normal;
  Format format = Format::text;
  LaunchOptions launch;
  MeasureOptions measure;
  std::string root;                 // "": this machine
  std::string capture;              // the folder to write; "": none
  std::vector<std::string> stages;  // of `check`: any number of them
};

// The command line over the FITRUN_ variables. Throws Failure, naming the flag
// or variable, on anything that is not understood.
Options parse_options(int argc, char** argv, const Environment& environment);

// The help of a command; fits a screen of 80 columns.
std::string help_text(Verb verb);

}  // namespace fitrun
