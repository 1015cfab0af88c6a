// The jobs of a running command: which processes of its tree are work, and
// which only start it. Pure, over what somebody has seen.
//
// A *client* starts jobs: make, ninja, xargs and their like, and whatever has
// one of them below it (a shell with `cd sub && make`, a script that calls
// ninja). The command itself is one. A *job* is a process that a client has
// started and that is none itself, with all that is below it: the recipe's
// shell, the compiler driver, the compiler.
//
// A process that was just forked still has the words of its parent: a job may
// look like a second make for a moment, and then it counts as a client.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "os/process.h"

namespace fitrun {

struct SeenProcess {
  ProcessId id;
  pid_t parent = 0;
  std::vector<std::string> argv;  // empty where it could not be read
  std::uint64_t bytes = 0;        // anonymous and shared memory
  char state{'?'};                // of /proc/PID/stat
  std::uint64_t ticks{0};         // of processor time
  std::uint64_t threads{1};
};

struct Job {
  std::size_t root = 0;                // index of what was seen
  std::vector<std::size_t> members{};  // with the root, which is the first
  std::uint64_t bytes = 0;             // of all of them
};

struct JobView {
  std::vector<Job> jobs;   // in the order in which they were seen
  std::uint64_t base = 0;  // bytes of what belongs to no job: clients, orphans
};

// Whether these words start a program that starts jobs.
bool is_client(const std::vector<std::string>& argv);

// `tree` has each process once; `command` is the pid of the command. What has
// lost its parent belongs to no job.
JobView jobs_in(const std::vector<SeenProcess>& tree, pid_t command);

}  // namespace fitrun
