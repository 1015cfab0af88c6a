// What is to be run, and by whose costs: a stage, a command with its
// placeholders still in it, and the tool that the command is, if it is one.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sourced.h"
#include "plan/tool_line.h"
#include "stage/stage.h"
#include "stage/tool.h"

namespace fitrun {

struct Target {
  // Wishes applied. Of `fitrun make -j16` the tool's own descriptor; of flags
  // alone one without a file.
  Stage stage;
  std::vector<std::string> command{};  // may be empty where nothing is run
  // How the command says the count; also beside a stage of the user's own.
  std::optional<Tool> tool{};
  bool as_is = false;  // nothing in `command` is replaced or rewritten
  // What a job takes at most, bytes, where the stage's `per_worker` is
  // something else: the mean that was learned.
  std::optional<double> job_bound{};
  bool headroom_is_learned = false;  // nobody has said it
  // Its jobs may be handed out by a jobserver of ours.
  bool jobserver = false;
  // A launch around this one holds the jobs of its whole tree, ours too.
  bool held_outside = false;
  // The caller's values of inherited_names(); of a variable that is not set
  // there is none.
  std::map<std::string, std::string> inherited{};
  // Its MAKEFLAGS is the caller's with Cargo's jobserver in it, and the
  // command's is to be that.
  bool by_cargo = false;
};

// A descriptor's command with what the command line gives: in place of "..." at
// its end, else instead of the whole of it.
std::vector<std::string> with_arguments(std::vector<std::string> command,
                                        const std::vector<std::string>& given);

// The variables whose values at the caller's a plan for `target` depends on.
std::vector<std::string> inherited_names(const Target& target);

// Puts the jobserver of a Cargo that runs already into the MAKEFLAGS that
// `target` inherits, where that says of none and the tool does not read
// CARGO_MAKEFLAGS. There Cargo tells build scripts of it, and leaves it to them
// to hand it on to make:
// https://doc.rust-lang.org/cargo/reference/environment-variables.html
void hand_on_cargos_jobserver(Target& target);

// The jobserver of a make or Cargo that runs already, as the tool's variables
// name it: jobserver_in().
std::optional<std::string_view> jobserver_around(const Target& target);

// Whether that one hands out jobs to this tool, which may take part in none but
// a FIFO.
bool inherits_jobserver(const Target& target);

// What is put into the tool's command line where it says no number, with the
// placeholder in it; empty: nothing.
std::vector<std::string> inserted_words(const Target& target);

// How many workers are wanted, and what says so: --want, the tool's option, its
// variable, then the stage (FITRUN_WANT, its descriptor). An empty origin:
// nothing does, and it is as many as CPUs.
Sourced<AskedCount> asked_workers(const Target& target);

}  // namespace fitrun
