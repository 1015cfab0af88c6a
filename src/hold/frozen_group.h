// A control group that is always frozen: what moves into it stops, and goes on
// where it was before once it moves out.
//
// It is a hold that nobody sees but the kernel. A parent hears of a process
// that SIGSTOP has stopped (SIGCHLD), a shell continues it (fg), and a terminal
// that goes away takes its whole process group along. A frozen one sleeps; a
// signal that would end it does so at once, one that it catches waits.
//
// In version 2 alone: frozen in version 1 it could not even be killed. The
// group is made below that of the command, where the rights allow it and no
// controller counts it apart: what is in it counts as before. A child is born
// where its parent is, so that none slips out.
//
// What surprises: the first move after a pause waits for all processors to have
// passed through the scheduler once, some 10 ms (Linux 6.18); those right
// behind it take microseconds.

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"
#include "os/cgroup_folder.h"
#include "os/fd.h"
#include "os/host.h"
#include "os/process_handle.h"

namespace fitrun {

// With our pid and a number behind it, what the groups are called.
inline constexpr const char* kFrozenPrefix = "fitrun-held-";

// Whether a group with these texts in cgroup.type ("" for the root, which has
// no such file) and cgroup.subtree_control may have processes and below it a
// group of which no controller knows. Pure.
bool may_have_frozen(std::string_view type, std::string_view controllers);

class FrozenGroup {
 public:
  // Below the group of that process. What others that were killed have left
  // there goes on first. The error says why not.
  static Result<FrozenGroup> make(const Host& host, pid_t command);

  FrozenGroup(FrozenGroup&&) noexcept = default;
  FrozenGroup& operator=(FrozenGroup&&) = delete;
  // Lets go on what is left in it.
  ~FrozenGroup();

  const std::string& folder() const { return folder_.path; }

  // Reads who is in it; has() is as of then, and what was moved since.
  void look();
  bool has(pid_t pid) const { return members_.contains(pid); }
  const std::unordered_set<pid_t>& members() const { return members_; }

  // Moves the process in. False where it ended, is in another group than the
  // command, or the kernel refuses.
  bool take(const ProcessHandle& process);
  // Moves it out. False where it is not in it.
  bool give_back(pid_t pid);

 private:
  FrozenGroup(const Host& host, CgroupFolder folder, std::string home,
              std::string home_path);

  Host host_;
  CgroupFolder folder_;
  std::string home_;       // the folder of the command's group
  std::string home_path_;  // as /proc/PID/cgroup names it
  Fd entry_, exit_;        // cgroup.procs of both
  std::unordered_set<pid_t> members_;
};

// Lets go on what is in such a group, moves it to the one of `home`, and
// removes the group.
void dissolve_frozen(const std::string& folder, const std::string& home);

// The same, into the group above, once nobody looks after it; waits at most
// half a second for one whose keeper is just ending. Does nothing where the
// folder is no such group of this user's.
void release_frozen(const std::string& folder);

}  // namespace fitrun
