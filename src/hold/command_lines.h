// The command lines of the processes of a tree that is looked at again and
// again, each read a few times only: a process changes its words by exec, which
// it does early if at all.

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
  // where there are none to be read.
  const std::vector<std::string>& of(const ProcessId& process);

  // Forgets those that were not asked for since it was called before.
  void end_look();

 private:
  struct Known {
    ProcessId id;
    std::vector<std::string> argv;
    std::uint64_t looks = 0;
    bool asked = false;
  };
  Host host_;
  std::unordered_map<pid_t, Known> known_;
};

}  // namespace fitrun
