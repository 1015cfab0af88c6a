// Control groups that fitrun makes: their folders, whose they are, and how
// processes get out of them again.
//
// Its maker holds the lock of a folder (flock(2)) as long as it lives: no
// number that is given out again can pass for it, in whatever pid namespace it
// counts. A folder that nobody has locked was left behind by one that was
// killed, and whoever finds it may do away with it.

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fd.h"
#include "os/host.h"

namespace fitrun {

// Of both versions: the processes of a group, one on each line; and what is
// written there moves in.
inline constexpr const char* kCgroupProcs = "cgroup.procs";

// In the order of the lines; one of a pid namespace that is not ours is 0.
// Pure.
std::vector<pid_t> parse_cgroup_procs(std::string_view text);

struct CgroupFolder {
  std::string path;
  Fd lock;
};

// Makes PARENT/PREFIX, followed by our pid and a number. Several at a time, and
// one that could not be removed, are no obstacle.
Result<CgroupFolder> make_cgroup_folder(const std::string& parent,
                                        std::string_view prefix);

// Those below `parent` whose makers are gone, locked by us now.
std::vector<CgroupFolder> abandoned_cgroup_folders(const Host& host,
                                                   const std::string& parent,
                                                   std::string_view prefix);

// Empty where somebody else has the lock, or it is no folder.
Fd lock_cgroup_folder(const std::string& folder);

// For writing or reading a file of a group; empty where it cannot be had.
Fd open_cgroup_file(const std::string& folder, const char* name, int flags);

// Whether all of the text was taken in one write, as the kernel wants it.
bool write_cgroup_file(const Fd& file, std::string_view text);

// Removes a group; processes in it move to the one of `home`. False where the
// kernel refuses: then it stays.
bool dissolve_cgroup(const std::string& folder, const std::string& home);

}  // namespace fitrun
