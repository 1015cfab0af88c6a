// The folder that leases live in, and what is believed of what lies in it.
//
// All launches that can see one another must agree on the folder without being
// told, so the choice depends on the user and the machine, not on variables
// that differ between two shells (TMPDIR):
//
//   FITRUN_LEASES=DIR          said so; nothing else is tried then
//   /run/fitrun                made by the administrator for all users (mode
//                              1777; a line for tmpfiles.d). Not /var/lib:
//                              leases mean nothing after a reboot, and /run is
//                              emptied by it
//   $XDG_RUNTIME_DIR/fitrun    the user's own (XDG Base Directory 0.8: 0700)
//   /run/user/UID/fitrun       the same where cron, sudo or a container has
//                              no such variable
//   /dev/shm/fitrun-UID        where that is not there, in memory: to make and
//                              delete a file takes ext4 nearly twice as long
//   /tmp/fitrun-UID            the one place that every system has and every
//                              user may write
//
// The last three are made with mode 0700. Another user who took their names
// first gains that we run without leases, and nothing else.
//
// A folder is the user's own (nobody else may write to it), or it is sticky and
// the administrator's: there every user can write and delete files of their
// own, and nothing in a file of somebody else is believed without looking.
// Names of other kinds, symbolic links, and files whose owner is not the one in
// their name are passed over.

#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace fitrun {

enum class Reach { one_user, all_users };

struct LeaseFolder {
  Fd fd;
  std::string path;
  Reach reach = Reach::one_user;
};

struct FolderCandidate {
  enum class Missing { pass_over, make };
  std::string path;
  Missing missing = Missing::make;
};

// In order of preference. `setting` is FITRUN_LEASES, `runtime`
// XDG_RUNTIME_DIR.
std::vector<FolderCandidate> folder_candidates(
    const std::optional<std::string>& setting,
    const std::optional<std::string>& runtime, uid_t user);

// Who shares a folder of this mode and owner with `user`, or why it is not to
// be trusted.
Result<Reach> judge_folder(mode_t mode, uid_t owner, uid_t user);

// The first candidate that can be trusted and written to; the error speaks of
// the last one that was there.
Result<LeaseFolder> open_lease_folder(
    const std::vector<FolderCandidate>& candidates, uid_t user);

// "UID-ID.lease", or ".wait" for a launch that waits.
struct LeaseName {
  uid_t owner = 0;
  std::string id;
  enum class Kind { lease, wait } kind = Kind::lease;
};
std::string format_lease_name(const LeaseName& name);
std::optional<LeaseName> parse_lease_name(std::string_view text);

// Names of leases in the folder; those of `user` first, and never more than
// 2048 of others.
std::vector<LeaseName> list_leases(const LeaseFolder& folder, uid_t user);

struct LeaseFile {
  std::string text;
  std::chrono::nanoseconds modified{};  // after 1970
};

// Does not follow links, cross into other file systems or wait for anything.
// The error's code is EPERM where the owner is not the one in the name.
Result<LeaseFile> read_lease_file(const LeaseFolder& folder,
                                  const LeaseName& name);

// A new file, readable for those who share the folder. It appears whole, so
// that a launch killed meanwhile leaves nothing behind, where the file system
// can.
Result<void> write_lease_file(const LeaseFolder& folder, const LeaseName& name,
                              std::string_view text);

void remove_lease_file(const LeaseFolder& folder, const LeaseName& name);

// What stands for a cgroup in all containers and cgroup namespaces: device and
// inode number of its directory (the kernel's cgroup id). "" where there is no
// such directory; a text that is no absolute path stands for itself.
std::string level_id(const std::string& directory);

// The level ids of these directories and of their parents up to the tops of
// their mounts, each once.
std::vector<std::string> levels_of(const std::vector<std::string>& directories);

}  // namespace fitrun
