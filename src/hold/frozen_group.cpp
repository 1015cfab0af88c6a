#include "hold/frozen_group.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/base_name.h"
#include "base/text.h"
#include "os/file.h"
#include "os/process.h"
#include "probe/cgroup.h"
#include "probe/mountinfo.h"

namespace fitrun {
namespace {

constexpr const char* kFreeze = "cgroup.freeze";

// In version 2, as the cgroup namespace names it; "" where there is none.
std::string path_of(const Host& host, pid_t pid) {
  const auto text = host.read(proc_path(pid, "cgroup"));
  if (!text) return "";
  const CgroupOwner owner = owner_of(parse_proc_cgroup(*text), "");
  return owner.version == CgroupVersion::v2 ? owner.path : "";
}

// The folder of a group, "" where it is not mounted here.
std::string folder_of(const Host& host, const std::string& path, pid_t pid) {
  const auto mounts = host.read("/proc/self/mountinfo");
  if (path.empty() || !mounts) return "";
  const CgroupChain chain = probe::cgroup_chain(
      host, parse_mountinfo(*mounts), {CgroupVersion::v2, "", path},
      static_cast<std::uint64_t>(pid));
  if (chain.levels.empty() || !chain.gap.empty()) return "";
  return chain.levels.front().folder;
}

void thaw(const std::string& folder) {
  write_cgroup_file(open_cgroup_file(folder, kFreeze, O_WRONLY), "0");
}

std::string parent_of(const std::string& folder) {
  return folder.substr(0, folder.rfind('/'));
}

bool is_own_group(const std::string& folder) {
  struct statfs system {};
  struct stat info {};
  return base_name(folder).starts_with(kFrozenPrefix) &&
         ::statfs(folder.c_str(), &system) == 0 &&
         system.f_type == CGROUP2_SUPER_MAGIC &&
         ::lstat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == ::geteuid();
}

}  // namespace

bool may_have_frozen(std::string_view type, std::string_view controllers) {
  type = trim(type);
  return (type.empty() || type == "domain") && trim(controllers).empty();
}

void dissolve_frozen(const std::string& folder, const std::string& home) {
  // As they are: one that ran could fork before it moves.
  if (dissolve_cgroup(folder, home)) return;
  thaw(folder);
  dissolve_cgroup(folder, home);
}

FrozenGroup::FrozenGroup(const Host& host, CgroupFolder folder,
                         std::string home, std::string home_path)
    : host_(host),
      folder_(std::move(folder)),
      home_(std::move(home)),
      home_path_(std::move(home_path)),
      entry_(open_cgroup_file(folder_.path, kCgroupProcs, O_WRONLY)),
      exit_(open_cgroup_file(home_, kCgroupProcs, O_WRONLY)) {}

Result<FrozenGroup> FrozenGroup::make(const Host& host, pid_t command) {
  const std::string path = path_of(host, command);
  const std::string home = folder_of(host, path, command);
  if (home.empty()) return Error{"no control group of version 2", ENOENT};
  const auto type = host.read(home + "/cgroup.type");
  const auto controllers = host.read(home + "/cgroup.subtree_control");
  if (!controllers || !may_have_frozen(type ? *type : "", *controllers))
    return Error{home + ": cannot have a group that counts as it does", EINVAL};
  for (const auto& left : abandoned_cgroup_folders(host, home, kFrozenPrefix))
    if (is_own_group(left.path)) dissolve_frozen(left.path, home);
  auto folder = make_cgroup_folder(host.full(home), kFrozenPrefix);
  if (!folder) return folder.error();
  FrozenGroup group(host, std::move(*folder), host.full(home), path);
  const Fd freeze = open_cgroup_file(group.folder(), kFreeze, O_WRONLY);
  if (!group.entry_ || !group.exit_ || !write_cgroup_file(freeze, "1"))
    return path_error(group.folder(), errno);
  return group;
}

FrozenGroup::~FrozenGroup() {
  if (folder_.lock) dissolve_frozen(folder_.path, home_);
}

void FrozenGroup::look() {
  members_.clear();
  const auto text = host_.read(folder() + "/" + kCgroupProcs);
  if (!text) return;
  for (const pid_t pid : parse_cgroup_procs(*text)) members_.insert(pid);
}

bool FrozenGroup::take(const ProcessHandle& process) {
  const pid_t pid = process.id().pid;
  const std::string path = path_of(host_, pid);
  // One that was forked by one of those in it is there already.
  if (path != home_path_ && base_name(path) != base_name(folder()))
    return false;
  if (!write_cgroup_file(entry_, std::to_string(pid))) return false;
  members_.insert(pid);
  if (!process.ended()) return true;
  // Its number may have been another's when it was written.
  give_back(pid);
  return false;
}

bool FrozenGroup::give_back(pid_t pid) {
  if (members_.erase(pid) == 0) return false;
  if (!write_cgroup_file(exit_, std::to_string(pid)) && errno != ESRCH) {
    // Nobody can go home any more: they go on where they are.
    thaw(folder());
    entry_.reset();
  }
  return true;
}

void release_frozen(const std::string& folder) {
  constexpr int kTries = 50;
  constexpr std::chrono::milliseconds kPause{10};
  if (!is_own_group(folder)) return;
  Fd lock = lock_cgroup_folder(folder);
  for (int i = 0; i < kTries && !lock; ++i) {
    std::this_thread::sleep_for(kPause);
    lock = lock_cgroup_folder(folder);
  }
  if (lock) dissolve_frozen(folder, parent_of(folder));
}

}  // namespace fitrun
