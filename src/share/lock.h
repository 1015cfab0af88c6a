// The one lock of a lease folder: flock(2) on the folder itself.
//
// It needs no file that somebody has to create, own or clean up, everybody who
// can read the folder can take it, and it ends with the process that has it.
// That also lets a user of a shared folder keep it for ever, so patience with
// others is short.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <string_view>

#include "base/result.h"
#include "os/host.h"
#include "share/folder.h"

namespace fitrun {

// Behind launches of the same user, of which each may probe a GPU first.
inline constexpr std::chrono::seconds kPatience{30};
// In all, while another user has the lock, or nobody knows who.
inline constexpr std::chrono::seconds kPatienceWithOthers{1};

// Waits for the lock; the error says why it was not to be had.
Result<bool> lock_folder(const Host& host, const LeaseFolder& folder,
                         uid_t user);

void unlock_folder(const LeaseFolder& folder);

// The pid that the text of /proc/locks (proc_locks(5)) gives as the holder of
// an flock on this inode; 0 where it does not say.
pid_t parse_lock_holder(std::string_view text, dev_t device, ino_t inode);

}  // namespace fitrun
