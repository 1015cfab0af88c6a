// How a held job is stopped and continued; whether it is to be is somebody
// else's to say.
//
// By a frozen group where there may be one (frozen_group.h), else by SIGSTOP.
// The group is made when the first is to be stopped.
//
// Each process is written down before it is stopped, so that somebody continues
// it should we be killed (stop_list.h).

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "hold/frozen_group.h"
#include "hold/jobs.h"
#include "hold/stop_list.h"
#include "os/host.h"
#include "os/process.h"
#include "os/process_handle.h"

namespace fitrun {

class Stopper {
 public:
  // `command` is in the group that may get a frozen one below it.
  Stopper(const Host& host, StopList list, pid_t command);

  // Before the others: sees what somebody else has done since, and who was born
  // meanwhile where its parent is held. That one goes on with its parent.
  void look();

  bool is_stopped(const SeenProcess& process) const;

  // Stops what lives of the tree below `root` and belongs to `session`. Those
  // that were running are added to `stopped`.
  void stop(const ProcessId& root, pid_t session,
            std::vector<ProcessId>& stopped);
  void let_run(std::vector<ProcessId> stopped);

  const StopList& list() const { return list_; }

 private:
  void make_group();

  // One that is frozen since its birth: its parent has forked it while it
  // moved.
  struct Born {
    ProcessId id;
    pid_t parent = 0;
  };

  Host host_;
  StopList list_;
  std::optional<pid_t> command_;  // empty once a group was tried
  std::optional<FrozenGroup> group_;
  std::vector<Born> born_frozen_;
};

// Continues what is listed and still the same process. How many there were.
std::size_t continue_all(const Host& host, const StopList& list);

}  // namespace fitrun
