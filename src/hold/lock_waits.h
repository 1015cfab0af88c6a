// Who waits for a file's lock that somebody else has, from /proc/locks
// (proc_locks(5)): a job that runs may wait for one that is held. Pure.

#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

namespace fitrun {

struct LockWait {
  pid_t waits = 0;
  pid_t has = 0;  // what is waited for
  friend bool operator==(const LockWait&, const LockWait&) = default;
};

std::vector<LockWait> parse_lock_waits(std::string_view locks);

}  // namespace fitrun
