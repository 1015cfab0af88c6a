// How a held job is stopped and continued; whether it is to be is somebody
// else's to say.
//
// Each process is written down before it is stopped, so that somebody continues
// it should we be killed (stop_list.h).

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "hold/jobs.h"
#include "hold/stop_list.h"
#include "os/host.h"
#include "os/process.h"

namespace fitrun {

class Stopper {
 public:
  Stopper(const Host& host, StopList list);

  bool is_stopped(const SeenProcess& process) const;

  // What lives of the tree below `root` and belongs to `session`. Those that
  // were running are added to `stopped`.
  void stop(const ProcessId& root, pid_t session,
            std::vector<ProcessId>& stopped);
  void let_run(const std::vector<ProcessId>& stopped);

  const StopList& list() const { return list_; }

 private:
  Host host_;
  StopList list_;
};

// Continues what is listed and still the same process. How many there were.
std::size_t continue_all(const Host& host, const StopList& list);

}  // namespace fitrun
