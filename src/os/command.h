// Runs a helper command (the user's probe, nvidia-smi) and collects its output.
//
// This is the home of Boost.Process. It never runs the user's own command: that
// is what run/ is for, which must not close inherited descriptors or touch
// signals.

#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace fitrun {

struct CommandSpec {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  std::string folder;             // working directory; "" is ours
  std::chrono::milliseconds timeout{10'000};
  std::size_t most_output = 1U << 16;  // bytes of stdout that are kept
};

// What a helper that ran to its end did. Its stderr is our stderr.
struct CommandOutput {
  std::string text;  // stdout
  int exit_status = 0;
};

// An error where the helper could not be started (`code` is the errno), was
// killed by a signal, printed more than `most_output`, or did not end in time;
// in the last two cases its process group is killed. Stdin is /dev/null.
Result<CommandOutput> run_command(const CommandSpec& spec);

}  // namespace fitrun
