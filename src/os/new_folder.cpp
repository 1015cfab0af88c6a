#include "os/new_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>

#include "base/text.h"
#include "os/file.h"

namespace fitrun {
namespace {

enum class Links { follow, refuse };

// Makes every folder of `path` that is missing, from `at` on, one descriptor
// after the other: that way the kernel looks at each link as it does at the
// last of a path, and follows none that another user put into a sticky folder.
// No descriptor, and errno, where it cannot be done.
Fd enter_folders(Fd at, std::string_view path, Links links) {
  const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC |
                    (links == Links::refuse ? O_NOFOLLOW : 0);
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && links == Links::refuse) {
      errno = EINVAL;
      return Fd();
    }
    const std::string name(part);
    if (::mkdirat(at.get(), name.c_str(), 0777) != 0 && errno != EEXIST)
      return Fd();
    at = Fd(::openat(at.get(), name.c_str(), flags));
    if (!at) return at;
  }
  return at;
}

Result<Fd> made_folder(const std::string& path) {
  if (path.empty()) return path_error(path, ENOENT);
  Fd folder(
      ::open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder) folder = enter_folders(std::move(folder), path, Links::follow);
  if (!folder) return path_error(path, errno);
  return folder;
}

// 0, or errno: ENOTEMPTY where it is not.
int look_for_entries(int folder) {
  const int listed = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listed < 0) return errno;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(listed),
                                                    ::closedir);
  if (!entries) return errno;
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return ENOTEMPTY;
  }
  return 0;
}

}  // namespace

Result<void> make_folders(const std::string& path) {
  const auto folder = made_folder(path);
  if (!folder) return folder.error();
  return {};
}

Result<NewFolder> NewFolder::make(const std::string& path) {
  auto made = made_folder(path);
  if (!made) return made.error();
  Fd folder = std::move(*made);
  const int code = look_for_entries(folder.get());
  if (code == ENOTEMPTY) return Error{path + ": not empty", code};
  if (code != 0) return path_error(path, code);
  return NewFolder(path, std::move(folder));
}

Result<Fd> NewFolder::enter(std::string_view path) const {
  Fd copy(::fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0));
  if (copy) copy = enter_folders(std::move(copy), path, Links::refuse);
  if (!copy) return path_error(path_ + "/" + std::string(path), errno);
  return copy;
}

Result<void> NewFolder::add_folder(std::string_view path) const {
  const auto folder = enter(path);
  if (!folder) return folder.error();
  return {};
}

Result<void> NewFolder::add_file(std::string_view path,
                                 std::string_view text) const {
  const std::size_t slash = path.rfind('/');
  const bool below = slash != std::string_view::npos;
  const auto folder = enter(below ? path.substr(0, slash) : "");
  if (!folder) return folder.error();
  const std::string name(below ? path.substr(slash + 1) : path);
  const Fd file(::openat(folder->get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  const int code = file ? write_at(file.get(), text, 0) : errno;
  if (code != 0) return path_error(path_ + "/" + std::string(path), code);
  return {};
}

}  // namespace fitrun
