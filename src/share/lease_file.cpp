#include "share/lease_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"
#include "share/lease.h"

namespace fitrun {
namespace {

constexpr std::array<std::pair<LeaseName::Kind, std::string_view>, 4> kEndings =
    {{{LeaseName::Kind::lease, ".lease"},
      {LeaseName::Kind::wait, ".wait"},
      {LeaseName::Kind::renewal, ".new"},
      {LeaseName::Kind::held, ".held"}}};

// Gives the file without a name one: by its descriptor, which root and Linux
// 6.10 can, or by its path, which needs no privilege.
bool give_name(const Fd& file, int folder, const std::string& name) {
  return ::linkat(file.get(), "", folder, name.c_str(), AT_EMPTY_PATH) == 0 ||
         ::linkat(AT_FDCWD, fmt::format("/proc/self/fd/{}", file.get()).c_str(),
                  folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
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

}  // namespace

std::string format_lease_name(const LeaseName& name) {
  for (const auto& [kind, ending] : kEndings)
    if (kind == name.kind) return fmt::format("{}{}", name.id, ending);
  return name.id;
}

std::optional<LeaseName> parse_lease_name(std::string_view text) {
  for (const auto& [kind, ending] : kEndings) {
    if (!text.ends_with(ending)) continue;
    const std::string_view id = text.substr(0, text.size() - ending.size());
    if (is_lease_id(id)) return LeaseName{std::string(id), kind};
  }
  return std::nullopt;
}

std::vector<LeaseName> list_leases(const LeaseFolder& folder,
                                   std::size_t most) {
  std::vector<LeaseName> names;
  // A fresh descriptor: reading moves its position.
  Fd fd(::openat(folder.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.get()),
                                                ::closedir);
  if (!dir) return names;
  fd.release();
  for (std::size_t n = 0; n < most; ++n) {
    const dirent* const entry = ::readdir(dir.get());
    if (!entry) break;
    if (std::optional<LeaseName> name = parse_lease_name(entry->d_name))
      names.push_back(std::move(*name));
  }
  return names;
}

Result<LeaseFile> read_lease_file(const LeaseFolder& folder,
                                  const LeaseName& name) {
  const std::string file = format_lease_name(name);
  const Fd fd = open_inside(folder.fd, file);
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return path_error(file, errno);
  if (info.st_uid != folder.owner)
    return Error{file + ": belongs to another user than it says", EPERM};
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

Result<void> renew_lease_file(const LeaseFolder& folder, const LeaseName& name,
                              std::string_view text) {
  // What a renewal that was killed left behind.
  const LeaseName fresh{name.id, LeaseName::Kind::renewal};
  remove_lease_file(folder, fresh);
  const Result<void> written = write_lease_file(folder, fresh, text);
  if (!written) return written.error();
  const int place = folder.fd.get();
  const std::string file = format_lease_name(name);
  if (::renameat(place, format_lease_name(fresh).c_str(), place,
                 file.c_str()) == 0)
    return {};
  const int code = errno;
  remove_lease_file(folder, fresh);
  return path_error(folder.path + "/" + file, code);
}

void remove_lease_file(const LeaseFolder& folder, const LeaseName& name) {
  ::unlinkat(folder.fd.get(), format_lease_name(name).c_str(), 0);
}

}  // namespace fitrun
