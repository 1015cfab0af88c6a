// Where the leases of each user live, and what is believed of those folders.
//
// All launches that can see one another must agree on the folder without being
// told, so the choice depends on the user and the machine, not on variables
// that differ between two shells (TMPDIR):
//
//   FITRUN_LEASES=DIR          said so
//   /run/fitrun                made by the administrator for all users (mode
//                              1777; a line for tmpfiles.d). Not /var/lib:
//                              leases mean nothing after a reboot, and /run is
//                              emptied by it
//   $XDG_RUNTIME_DIR/fitrun    the user's own (XDG Base Directory 0.8: 0700),
//                              where that folder is (sudo -E keeps the
//                              variable of somebody else)
//   /run/user/UID/fitrun       the same where cron, sudo or a container has
//                              no such variable
//   /run/fitrun-0              root's own, which nobody else can make
//   /dev/shm/fitrun-UID        where that is not there, in memory: to make and
//                              delete a file takes ext4 nearly twice as long
//   /tmp/fitrun-UID            the one place that every system has and every
//                              user may write
//
// UID is the id outside of a user namespace: whoever is root within one
// (unshare -r) takes no name of the real root's. The last two are made with
// mode 0700. Another user who took their names first gains that we run without
// leases, and nothing else.
//
// A folder is the user's own (nobody else may write to it), or it is sticky and
// the administrator's. In such a shared one each user has a folder, named by
// the uid and owned by it, in which nobody else can make, rename or delete
// anything. Those are looked up by name for the users who have a process, and
// the shared folder is never listed: a million names in it cost nothing. One
// whose owner is not the user in its name is passed over. Who finds the own
// name taken uses the next folder of the list, and shares with nobody else.

#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace fitrun {

// Who reads the leases of a folder.
enum class Reach { one_user, all_users };

// The leases of one user.
struct LeaseFolder {
  Fd fd;
  std::string path;
  uid_t owner = 0;
  Reach reach = Reach::one_user;
};

// Where a launch keeps its lease.
struct LeaseHome {
  LeaseFolder own;
  Fd lock;            // of the file "lock" in it, which is the user's alone
  Fd shared;          // the folder of all users around it, or none
  std::string where;  // path of `shared`, else of `own`
  // Why other users' launches are not seen though there is a shared folder; or
  // "".
  std::string alone;
};

struct FolderCandidate {
  enum class Missing { pass_over, make };
  std::string path;
  Missing missing = Missing::make;
  bool in_own = false;  // the folder around it must be the user's own as well
  bool last = false;    // nothing else is tried, unless its name is taken
};

// In order of preference. `setting` is FITRUN_LEASES, `runtime`
// XDG_RUNTIME_DIR, `user` as outside_uid() says.
std::vector<FolderCandidate> folder_candidates(
    const std::optional<std::string>& setting,
    const std::optional<std::string>& runtime, uid_t user);

// Who shares a folder of this mode and owner with `user`, or why it is not to
// be trusted.
Result<Reach> judge_folder(mode_t mode, uid_t owner, uid_t user);

// The first candidate that can be trusted and written to; the error speaks of
// the last one that was there. `user` is who we are here, `outside` as
// outside_uid() says.
Result<LeaseHome> open_lease_home(
    const std::vector<FolderCandidate>& candidates, uid_t user, uid_t outside);

// Those folders of these users in the shared one that can be trusted.
std::vector<LeaseFolder> open_folders_of(const LeaseHome& home,
                                         const std::vector<uid_t>& users);

// open(2) for reading of a name in the folder, which neither follows links nor
// crosses into another file system nor waits for anything.
Fd open_inside(const Fd& folder, const std::string& name, int flags = 0);

// What stands for a cgroup in all containers and cgroup namespaces: device and
// inode number of its directory (the kernel's cgroup id). "" where there is no
// such directory; a text that is no absolute path stands for itself.
std::string level_id(const std::string& directory);

// The level ids of these directories and of their parents up to the tops of
// their mounts, each once.
std::vector<std::string> levels_of(const std::vector<std::string>& directories);

}  // namespace fitrun
