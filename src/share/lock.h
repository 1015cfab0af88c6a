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
#include <utility>

#include "base/result.h"
#include "os/host.h"
#include "share/folder.h"

namespace fitrun {

// Behind launches of the same user, of which each may probe a GPU first.
inline constexpr std::chrono::seconds kPatience{30};
// In all, while another user has the lock, or nobody knows who.
inline constexpr std::chrono::seconds kPatienceWithOthers{1};

// A lock that ends with this object, which must not outlive its folder. One
// made without a folder locks nothing.
class FolderLock {
 public:
  FolderLock() = default;
  explicit FolderLock(const LeaseFolder& folder) : folder_(&folder) {}
  FolderLock(FolderLock&& other) noexcept
      : folder_(std::exchange(other.folder_, nullptr)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() { unlock(); }

  bool held() const { return folder_ != nullptr; }
  void unlock();

 private:
  const LeaseFolder* folder_ = nullptr;
};

// Waits for the lock; the error says why it was not to be had.
Result<FolderLock> lock_folder(const Host& host, const LeaseFolder& folder,
                               uid_t user);

// The pid that the text of /proc/locks (proc_locks(5)) gives as the holder of
// an flock on this inode; 0 where it does not say.
pid_t parse_lock_holder(std::string_view text, dev_t device, ino_t inode);

}  // namespace fitrun
