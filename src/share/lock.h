// The locks under which a launch looks and takes its lease.
//
// Two launches never count on the same bytes because all of that is under
// flock(2), which ends with the process that has it. What a lock is worth
// depends on who else can hold it:
//
//   the file "lock" in the user's own folder, mode 0600
//     Only processes of the same user can open it. Whoever has it is a launch
//     that looks at memory and may ask a GPU first, so it is waited for with
//     patience.
//   the shared folder itself
//     Every user can open it, so anyone can keep it for ever, and no sign tells
//     that from an honest launch: the process in /proc/locks may have passed
//     the descriptor on to a set-user-id program, or be dead and its pid given
//     out again. So patience is short, whoever seems to have it. It keeps
//     honest users apart who start in the same moment; while somebody plays
//     with it they still see every lease that was taken before, and each is
//     still alone among its own.
//
// The own lock comes first: then at most one launch of each user waits for the
// shared one, and the others behind it would wait as long again, one after the
// other. So who waited in vain writes down until when nobody else is to wait:
// into the time of modification of the own lock file, which nobody but the
// user can set.

#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "os/fd.h"
#include "share/folder.h"

namespace fitrun {

// Behind launches of the same user.
inline constexpr std::chrono::seconds kPatience{30};
// For the shared lock.
inline constexpr std::chrono::milliseconds kPatienceWithOthers{500};
// How long after waiting for that in vain nobody waits for it again.
inline constexpr std::chrono::seconds kNoPatience{10};

// An flock that ends with this object, which must not outlive its descriptor.
// One made without a descriptor locks nothing.
class Flock {
 public:
  Flock() = default;
  explicit Flock(const Fd& locked) : locked_(&locked) {}
  Flock(Flock&& other) noexcept
      : locked_(std::exchange(other.locked_, nullptr)) {}
  Flock& operator=(Flock&& other) noexcept {
    unlock();
    locked_ = std::exchange(other.locked_, nullptr);
    return *this;
  }
  ~Flock() { unlock(); }

  bool held() const { return locked_ != nullptr; }
  void unlock();

 private:
  const Fd* locked_ = nullptr;
};

// Both locks of a launch.
class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(Flock own, Flock shared)
      : own_(std::move(own)), shared_(std::move(shared)) {}

  // Whether no other launch of this user looks or takes at the same time.
  bool held() const { return own_.held(); }
  void unlock() {
    shared_.unlock();
    own_.unlock();
  }

 private:
  Flock own_;
  Flock shared_;
};

// Waits for the locks as long as patience lasts. `missed` is set to why one of
// them was not to be had.
FolderLock lock_home(const LeaseHome& home, std::string& missed);

}  // namespace fitrun
