#include "share/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>

#include "base/text.h"
#include "os/file.h"
#include "share/lease.h"

namespace fitrun {
namespace {

constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr std::size_t kMostOthers = 2048;
// Names that are looked at, so that no heap of files can hold us up for long:
// about half a second.
constexpr std::size_t kMostNames = 1U << 20;

Error distrust(std::string_view path, std::string_view reason) {
  return {std::string(path) + ": " + std::string(reason), EPERM};
}

Result<LeaseFolder> open_candidate(const FolderCandidate& candidate,
                                   uid_t user) {
  const std::string& path = candidate.path;
  if (candidate.missing == FolderCandidate::Missing::make &&
      ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return path_error(path, errno);
  LeaseFolder folder;
  folder.path = path;
  folder.fd =
      Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.fd) return path_error(path, errno);
  struct stat info {};
  if (::fstat(folder.fd.get(), &info) != 0) return path_error(path, errno);
  const Result<Reach> reach = judge_folder(info.st_mode, info.st_uid, user);
  if (!reach) return distrust(path, reach.error().message);
  folder.reach = *reach;
  if (::faccessat(folder.fd.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    return path_error(path, errno);
  return folder;
}

// open(2) of a name in the folder that neither follows links nor crosses into
// another file system (somebody's FUSE mount, which may answer never); openat2
// is Linux 5.6. O_NONBLOCK: a FIFO, or a file lease (fcntl F_SETLEASE) that its
// owner does not give up.
Fd open_inside(int folder, const std::string& name) {
  struct open_how how {};
  how.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  const long fd =
      ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
  if (fd >= 0) return Fd(static_cast<int>(fd));
  // A container's filter may refuse the call itself.
  if (errno != ENOSYS && errno != EPERM) return {};
  return Fd(::openat(folder, name.c_str(), static_cast<int>(how.flags)));
}

// The path by which a file without a name gets one that needs no privilege.
std::string own_path(const Fd& fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

// Gives the file without a name one: by its descriptor, which root and Linux
// 6.10 can, or by its path.
bool give_name(const Fd& file, int folder, const std::string& name) {
  return ::linkat(file.get(), "", folder, name.c_str(), AT_EMPTY_PATH) == 0 ||
         ::linkat(AT_FDCWD, own_path(file).c_str(), folder, name.c_str(),
                  AT_SYMLINK_FOLLOW) == 0;
}

// In one piece, so that a reader sees all of it or an empty file; 0 or errno.
int fill(const Fd& file, std::string_view text, Reach reach) {
  const ssize_t n = ::write(file.get(), text.data(), text.size());
  if (n < 0) return errno;
  if (n != static_cast<ssize_t>(text.size())) return ENOSPC;
  if (reach == Reach::all_users && ::fchmod(file.get(), 0644) != 0)
    return errno;
  return 0;
}

std::string format_level(const struct stat& info) {
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

}  // namespace

std::vector<FolderCandidate> folder_candidates(
    const std::optional<std::string>& setting,
    const std::optional<std::string>& runtime, uid_t user) {
  using Missing = FolderCandidate::Missing;
  if (setting && !setting->empty()) return {{*setting, Missing::make}};
  std::vector<FolderCandidate> all = {{"/run/fitrun", Missing::pass_over}};
  // The specification lets no relative path count.
  if (runtime && runtime->starts_with('/'))
    all.push_back({*runtime + "/fitrun", Missing::make});
  const std::string uid = std::to_string(user);
  all.push_back({"/run/user/" + uid + "/fitrun", Missing::make});
  all.push_back({"/dev/shm/fitrun-" + uid, Missing::make});
  all.push_back({"/tmp/fitrun-" + uid, Missing::make});
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

Result<LeaseFolder> open_lease_folder(
    const std::vector<FolderCandidate>& candidates, uid_t user) {
  Error why{"no folder for leases", ENOENT};
  for (const FolderCandidate& candidate : candidates) {
    Result<LeaseFolder> folder = open_candidate(candidate, user);
    if (folder) return folder;
    why = folder.error();
  }
  return why;
}

std::string format_lease_name(const LeaseName& name) {
  return std::to_string(name.owner) + "-" + name.id +
         (name.kind == LeaseName::Kind::lease ? ".lease" : ".wait");
}

std::optional<LeaseName> parse_lease_name(std::string_view text) {
  LeaseName name;
  const std::size_t dash = text.find('-');
  const std::size_t dot = text.find('.');
  if (dash == std::string_view::npos || dot == std::string_view::npos ||
      dot < dash)
    return std::nullopt;
  const auto owner = parse_count(text.substr(0, dash));
  if (!owner || *owner > std::numeric_limits<uid_t>::max()) return std::nullopt;
  name.owner = static_cast<uid_t>(*owner);
  name.id = text.substr(dash + 1, dot - dash - 1);
  const std::string_view ending = text.substr(dot);
  if (ending == ".wait")
    name.kind = LeaseName::Kind::wait;
  else if (ending != ".lease")
    return std::nullopt;
  // One spelling of each: without zeros in front.
  if (!is_lease_id(name.id) ||
      std::to_string(name.owner) != text.substr(0, dash))
    return std::nullopt;
  return name;
}

std::vector<LeaseName> list_leases(const LeaseFolder& folder, uid_t user) {
  std::vector<LeaseName> own;
  std::vector<LeaseName> others;
  // A fresh descriptor: reading moves its position.
  const int fd =
      ::openat(folder.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return own;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd), ::closedir);
  if (!dir) {
    ::close(fd);
    return own;
  }
  for (std::size_t n = 0; n < kMostNames; ++n) {
    const dirent* const entry = ::readdir(dir.get());
    if (!entry) break;
    std::optional<LeaseName> name = parse_lease_name(entry->d_name);
    if (!name) continue;
    if (name->owner == user)
      own.push_back(std::move(*name));
    else if (others.size() < kMostOthers)
      others.push_back(std::move(*name));
  }
  own.insert(own.end(), others.begin(), others.end());
  return own;
}

Result<LeaseFile> read_lease_file(const LeaseFolder& folder,
                                  const LeaseName& name) {
  const std::string file = format_lease_name(name);
  const Fd fd = open_inside(folder.fd.get(), file);
  if (!fd) return path_error(file, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return path_error(file, errno);
  if (info.st_uid != name.owner)
    return distrust(file, "belongs to another user than it says");
  if (!S_ISREG(info.st_mode)) return Error{file + ": not a file", EINVAL};
  LeaseFile found;
  found.modified = std::chrono::seconds(info.st_mtim.tv_sec) +
                   std::chrono::nanoseconds(info.st_mtim.tv_nsec);
  found.text.resize(
      std::min(static_cast<std::size_t>(info.st_size), kLargestLease + 1));
  const ssize_t n = ::pread(fd.get(), found.text.data(), found.text.size(), 0);
  if (n < 0) return path_error(file, errno);
  found.text.resize(static_cast<std::size_t>(n));
  return found;
}

Result<void> write_lease_file(const LeaseFolder& folder, const LeaseName& name,
                              std::string_view text) {
  const std::string file = format_lease_name(name);
  const int place = folder.fd.get();
  // A file that has no name before it is whole: whoever is killed half way
  // leaves nothing behind.
  const Fd whole(::openat(place, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600));
  if (whole && fill(whole, text, folder.reach) == 0 &&
      give_name(whole, place, file))
    return {};
  // Where the file system has no such thing (overlayfs before Linux 6.3, NFS),
  // or no /proc can name it, one with a name at once.
  const Fd named(::openat(place, file.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                          0600));
  if (!named) return path_error(folder.path + "/" + file, errno);
  const int code = fill(named, text, folder.reach);
  if (code == 0) return {};
  ::unlinkat(place, file.c_str(), 0);
  return path_error(folder.path + "/" + file, code);
}

void remove_lease_file(const LeaseFolder& folder, const LeaseName& name) {
  ::unlinkat(folder.fd.get(), format_lease_name(name).c_str(), 0);
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
