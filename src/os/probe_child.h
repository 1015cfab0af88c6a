// Runs a function, or a program, in a child process, because what it calls may
// never return.
//
// GPU drivers hang in the kernel, crash, and print to stdout, which belongs to
// the command. In a child with a deadline each of these costs a message. The
// child hands its result back as text; nothing else of what it does reaches
// this process: not its output, not its open files, not its signals.
//
// The surprise: a process that hangs in the kernel cannot be killed. It is left
// behind, and holds none of the caller's descriptors when it is. This process
// must have one thread only (fork).

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/environment.h"

namespace fitrun {

struct ProbeChildSpec {
  std::string subject;       // of messages: "the NVIDIA driver"
  std::string timeout_hint;  // added to the message: "hung GPU?"
  std::chrono::milliseconds deadline{30'000};
  // Called once when the child has taken this long.
  std::chrono::milliseconds slow_after{3'000};
  std::function<void()> on_slow;
};

// What `work` returned in the child, up to its first NUL byte and at most 1
// MiB. The errors, where `code` is ETIMEDOUT for the first:
//   the NVIDIA driver did not answer in 30 s (hung GPU?)
//   the probe died of signal 11 inside the NVIDIA driver
//   the probe ended with status 1 inside the NVIDIA driver
// The last two quote the last line that the child wrote to stderr. The caller's
// SIGCHLD disposition, signal mask and pending signals are as before.
Result<std::string> run_in_child(const std::function<std::string()>& work,
                                 const ProbeChildSpec& spec);

// The same with a program: argv[0] is its path, `environment` is applied. It is
// to end with end_with_result().
Result<std::string> run_program_in_child(const std::vector<std::string>& argv,
                                         const Environment& environment,
                                         const ProbeChildSpec& spec);

// In such a program: hands `text` over and ends without running what libraries
// have left for the end.
[[noreturn]] void end_with_result(const std::string& text);

}  // namespace fitrun
