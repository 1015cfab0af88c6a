// The command lines of the processes of a tree that is looked at again and
// again, each read a few times only: a process changes its words by exec, which
// gives it another stack.

#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/host.h"
#include "os/process.h"

namespace fitrun {

class CommandLines {
 public:
  explicit CommandLines(const Host& host) : host_(host) {}

  // The first words of the process, to be asked for once at each look; empty
  // where there are none to be read. Where nobody may know where its stack
  // starts (0) an exec is seen once it has lived twice as long as before that.
  const std::vector<std::string>& of(const ProcessStat& process);

  // Forgets those that were not asked for since it was called before.
  void end_look();

 private:
  struct Known {
    ProcessId id;
    std::uint64_t stack_start = 0;
    std::vector<std::string> argv;
    std::uint64_t looks = 0;
    bool asked = false;
  };
  Host host_;
  std::unordered_map<pid_t, Known> known_;
};

}  // namespace fitrun
