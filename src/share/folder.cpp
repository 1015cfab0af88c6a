#include "share/folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"

namespace fitrun {
namespace {

// Of other users that are read.
constexpr std::size_t kMostFolders = 256;
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr mode_t kOthersRead = S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH;

Error distrust(std::string_view path, std::string_view reason) {
  return {fmt::format("{}: {}", path, reason), EPERM};
}

// The folder that holds `path`, opened, if it is the user's own.
Result<Fd> open_own_parent(const std::string& path, uid_t user) {
  const std::string parent = path.substr(0, path.rfind('/'));
  Fd fd(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return path_error(parent, errno);
  const Result<Reach> reach = judge_folder(info.st_mode, info.st_uid, user);
  if (!reach) return distrust(parent, reach.error().message);
  if (*reach != Reach::one_user) return distrust(parent, "is not ours alone");
  return fd;
}

// A folder below `parent` (AT_FDCWD for a path), made where that is wanted.
Result<LeaseFolder> open_folder(int parent, const std::string& name,
                                const std::string& path,
                                FolderCandidate::Missing missing, uid_t user) {
  if (missing == FolderCandidate::Missing::make &&
      ::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
    return path_error(path, errno);
  LeaseFolder folder;
  folder.path = path;
  folder.owner = user;
  folder.fd = Fd(::openat(parent, name.c_str(),
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!folder.fd || ::fstat(folder.fd.get(), &info) != 0)
    return path_error(path, errno);
  const Result<Reach> reach = judge_folder(info.st_mode, info.st_uid, user);
  if (!reach) return distrust(path, reach.error().message);
  folder.reach = *reach;
  return folder;
}

// The user's folder in a shared one, which others may read.
Result<LeaseFolder> open_in_shared(const LeaseFolder& shared, uid_t user,
                                   uid_t outside) {
  const std::string name = fmt::to_string(outside);
  const std::string path = shared.path + "/" + name;
  Result<LeaseFolder> own = open_folder(shared.fd.get(), name, path,
                                        FolderCandidate::Missing::make, user);
  if (!own) return own.error();
  if (own->reach != Reach::one_user) return distrust(path, "is not ours alone");
  (*own).reach = Reach::all_users;
  struct stat info {};
  if (::fstat(own->fd.get(), &info) != 0) return path_error(path, errno);
  if ((info.st_mode & kOthersRead) != kOthersRead &&
      ::fchmod(own->fd.get(), 0755) != 0)
    return path_error(path, errno);
  return own;
}

Result<LeaseHome> open_candidate(const FolderCandidate& candidate, uid_t user,
                                 uid_t outside) {
  const std::string& path = candidate.path;
  Fd parent;
  if (candidate.in_own) {
    Result<Fd> opened = open_own_parent(path, user);
    if (!opened) return opened.error();
    parent = std::move(*opened);
  }
  Result<LeaseFolder> folder =
      open_folder(parent ? parent.get() : AT_FDCWD,
                  parent ? path.substr(path.rfind('/') + 1) : path, path,
                  candidate.missing, user);
  if (!folder) return folder.error();
  LeaseHome home;
  home.where = path;
  if (folder->reach == Reach::all_users) {
    Result<LeaseFolder> own = open_in_shared(*folder, user, outside);
    if (!own) return own.error();
    home.shared = std::move((*folder).fd);
    home.own = std::move(*own);
  } else {
    home.own = std::move(*folder);
  }
  // Also shows whether the folder can be written to.
  home.lock = Fd(
      ::openat(home.own.fd.get(), "lock",
               O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!home.lock) return path_error(home.own.path, errno);
  return home;
}

std::string format_level(const struct stat& info) {
  return fmt::format("{}:{}", info.st_dev, info.st_ino);
}

// Which mount a descriptor is in, from /proc/self/fdinfo (proc_pid_fdinfo(5));
// "" where nobody says.
std::string mount_of(const Fd& fd) {
  const Result<std::string> text =
      read_kernel_file(fmt::format("/proc/self/fdinfo/{}", fd.get()), 4096);
  if (!text) return "";
  const std::size_t at = text->find("mnt_id:");
  return at == std::string::npos ? ""
                                 : text->substr(at, text->find('\n', at) - at);
}

}  // namespace

std::vector<FolderCandidate> folder_candidates(
    const std::optional<std::string>& setting,
    const std::optional<std::string>& runtime, uid_t user) {
  using Missing = FolderCandidate::Missing;
  std::vector<FolderCandidate> all;
  if (setting && !setting->empty())
    all.push_back({*setting, Missing::make, false, true});
  else
    all.push_back({"/run/fitrun", Missing::pass_over});
  // The specification lets no relative path count.
  if (runtime && runtime->starts_with('/'))
    all.push_back({*runtime + "/fitrun", Missing::make, true});
  all.push_back(
      {fmt::format("/run/user/{}/fitrun", user), Missing::make, true});
  if (user == 0) all.push_back({"/run/fitrun-0", Missing::make});
  all.push_back({fmt::format("/dev/shm/fitrun-{}", user), Missing::make});
  all.push_back({fmt::format("/tmp/fitrun-{}", user), Missing::make});
  return all;
}

Result<Reach> judge_folder(mode_t mode, uid_t owner, uid_t user) {
  if ((mode & kOthersWrite) == 0) {
    if (owner == user) return Reach::one_user;
    return Error{"belongs to another user", EPERM};
  }
  if ((mode & S_ISVTX) == 0)
    return Error{"others may write to it and it is not sticky", EPERM};
  if (owner != 0 && owner != user)
    return Error{"is shared, but neither root's nor ours", EPERM};
  return Reach::all_users;
}

Result<LeaseHome> open_lease_home(
    const std::vector<FolderCandidate>& candidates, uid_t user, uid_t outside) {
  Error why{"no folder for leases", ENOENT};
  std::string alone;
  for (const FolderCandidate& candidate : candidates) {
    Result<LeaseHome> home = open_candidate(candidate, user, outside);
    if (home) {
      (*home).alone = std::move(alone);
      return home;
    }
    why = home.error();
    // Of the shared folder itself nothing but its place is known by now.
    const std::string own = fmt::format("{}/{}: ", candidate.path, outside);
    const bool taken = why.message.starts_with(own);
    if (taken) alone = why.message;
    if (candidate.last && !taken) break;
  }
  return why;
}

std::vector<LeaseFolder> open_folders_of(const LeaseHome& home,
                                         const std::vector<uid_t>& users) {
  std::vector<LeaseFolder> folders;
  for (const uid_t user : users) {
    if (folders.size() == kMostFolders) break;
    LeaseFolder folder;
    folder.fd = open_inside(home.shared, fmt::to_string(user), O_DIRECTORY);
    struct stat info {};
    if (!folder.fd || ::fstat(folder.fd.get(), &info) != 0) continue;
    const Result<Reach> reach = judge_folder(info.st_mode, info.st_uid, user);
    if (!reach || *reach != Reach::one_user) continue;
    folder.path = fmt::format("{}/{}", home.where, user);
    folder.owner = user;
    folder.reach = Reach::all_users;
    folders.push_back(std::move(folder));
  }
  return folders;
}

// openat2 (Linux 5.6) stops at somebody's FUSE mount, which may answer never.
// O_NONBLOCK: a FIFO, or a file lease (fcntl F_SETLEASE) that its owner does
// not give up.
Fd open_inside(const Fd& folder, const std::string& name, int flags) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_RDONLY | O_NOFOLLOW |
                                         O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  const long fd =
      ::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how);
  if (fd >= 0) return Fd(static_cast<int>(fd));
  // A container's filter may refuse the call itself. Without it the mount is
  // looked at first, by a descriptor that asks no file system anything.
  if (errno != ENOSYS && errno != EPERM) return {};
  const Fd place(
      ::openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!place || mount_of(place) != mount_of(folder)) return {};
  return Fd(::openat(folder.get(), name.c_str(), static_cast<int>(how.flags)));
}

std::string level_id(const std::string& directory) {
  if (!directory.starts_with('/')) return directory;
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) return "";
  return format_level(info);
}

std::vector<std::string> levels_of(
    const std::vector<std::string>& directories) {
  std::vector<std::string> levels, walked;
  const auto add = [](std::vector<std::string>& all, std::string one) {
    if (std::find(all.begin(), all.end(), one) != all.end()) return false;
    all.push_back(std::move(one));
    return true;
  };
  for (std::string at : directories) {
    if (!at.starts_with('/')) {
      if (!at.empty()) add(levels, at);
      continue;
    }
    std::optional<dev_t> device;
    struct stat info {};
    while (!at.empty() && add(walked, at) && ::stat(at.c_str(), &info) == 0 &&
           info.st_dev == device.value_or(info.st_dev)) {
      device = info.st_dev;
      add(levels, format_level(info));
      at.resize(at.rfind('/'));
    }
  }
  return levels;
}

}  // namespace fitrun
