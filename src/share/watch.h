// How a launch that waits hears that it may be worth another look.
//
// The kernel tells when a process ends (pidfd, Linux 5.3) and when a file of
// the folder goes away (inotify). Nothing tells that memory was freed: pressure
// triggers fire when it gets short, and not when that is over. So there is a
// slow timer as well: a second for each place in the queue, and five where a
// GPU's driver has to be asked.
//
// Only the first in the queue watches the leases; each of the others watches
// the one before it. A thousand waiting launches are not all woken by one end,
// and no narrow one slips past a wide one. What other users do wakes nobody:
// they could do it a thousand times a second. For that the timer has to do.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "os/fd.h"
#include "share/claims.h"
#include "share/lease_file.h"

namespace fitrun {

enum class Wake { changed, timed_out };

// What to wait for.
struct Watch {
  std::vector<pid_t> pids;  // any of these ends
  std::string file;         // this file of the folder goes; "": any file does
  std::chrono::milliseconds period{1000};  // or so much time has passed
};

// What the launch with this place in the queue, which needs `wanted`, has to
// watch: those ahead of it count if they want memory of the same pool and
// device.
Watch what_to_watch(const std::vector<LiveLease>& live, const Viewer& viewer,
                    const std::vector<Holding>& wanted);

// An inotify descriptor on the folder; none where the kernel gives no more.
Fd watch_folder(const LeaseFolder& folder);

// Forgets what has happened up to now.
void forget_events(const Fd& folder_watch);

// Sleeps until one of these happens, or the deadline is reached. Signals keep
// their meaning: ^C ends the process here as anywhere.
Wake sleep_until(const Watch& watch, const Fd& folder_watch,
                 std::chrono::steady_clock::time_point deadline);

}  // namespace fitrun
