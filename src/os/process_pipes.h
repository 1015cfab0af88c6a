// Which ends of pipes and FIFOs a process has open, and whether it waits at one
// of them.

#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "os/host.h"

namespace fitrun {

struct PipeEnd {
  dev_t device = 0;
  ino_t inode = 0;
  bool reads = false;
  bool writes = false;

  bool is_of_same_pipe(const PipeEnd& other) const {
    return device == other.device && inode == other.inode;
  }
};

// None where the process is gone, or not ours.
std::vector<PipeEnd> read_pipe_ends(const Host& host, pid_t pid);

enum class PipeWait { none, to_read, to_write };

// From /proc/PID/wchan (proc_pid_wchan(5)), the function of the kernel in which
// it sleeps: "pipe_read", "anon_pipe_read" since Linux 6.15, "0" where we may
// not know.
PipeWait parse_pipe_wait(std::string_view wchan);

}  // namespace fitrun
