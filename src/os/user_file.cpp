#include "os/user_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <map>
#include <optional>

#include "os/file.h"

namespace fitrun {
namespace {

constexpr std::size_t kMost = 16U << 20;

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether `name` in `folder` is the open file itself, not a link to it.
bool is_at(int folder, const std::string& name, int file) {
  struct stat here {
  }, opened{};
  return ::fstatat(folder, name.c_str(), &here, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(file, &opened) == 0 && same_file(here, opened);
}

// The folder and the name of an open file, by what the kernel calls it; no
// descriptor where it has several names, or the name is not it any more.
Fd folder_of(int file, std::string& name) {
  struct stat info {};
  if (::fstat(file, &info) != 0 || info.st_nlink != 1) return Fd();
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  if (length <= 0 || length == sizeof path || path[0] != '/') return Fd();
  const std::string whole(path, static_cast<std::size_t>(length));
  const std::size_t slash = whole.rfind('/');
  name = whole.substr(slash + 1);
  Fd folder(::open(whole.substr(0, slash + 1).c_str(),
                   O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder || !is_at(folder.get(), name, file)) return Fd();
  return folder;
}

// Attributes, access lists and labels by name; empty where they cannot be read.
using Attributes = std::map<std::string, std::string>;

std::optional<Attributes> attributes_of(int file) {
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t listed = ::flistxattr(file, names.data(), names.size());
  Attributes found;
  if (listed < 0) {
    if (errno == ENOTSUP) return found;
    return std::nullopt;
  }
  for (std::size_t at = 0; at < static_cast<std::size_t>(listed);) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    std::string value(XATTR_SIZE_MAX, '\0');
    const ssize_t size =
        ::fgetxattr(file, name.c_str(), value.data(), value.size());
    if (size < 0) return std::nullopt;
    value.resize(static_cast<std::size_t>(size));
    found.emplace(name, std::move(value));
  }
  return found;
}

// Those of chattr(1); 0 where the file system has none.
int flags_of(int file) {
  int flags = 0;
  if (::ioctl(file, FS_IOC_GETFLAGS, &flags) != 0) return 0;
  return flags & FS_FL_USER_MODIFIABLE;
}

// Gives `fresh` all that `old` has but for its text. Whether it worked is seen
// by looking, not by what the calls returned: a step may be refused and not
// have been needed.
bool copy_attributes(int old, int fresh) {
  struct stat wanted {
  }, got{};
  const auto attributes = attributes_of(old);
  if (::fstat(old, &wanted) != 0 || !attributes) return false;
  // The group by itself: its members may give it, and only root the owner.
  if (::fchown(fresh, wanted.st_uid, wanted.st_gid) != 0 &&
      ::fchown(fresh, static_cast<uid_t>(-1), wanted.st_gid) != 0)
    return false;
  if (::fchmod(fresh, wanted.st_mode & 07777) != 0) return false;
  // A folder may hand some down.
  for (const auto& [name, value] : attributes_of(fresh).value_or(Attributes{}))
    if (!attributes->contains(name)) ::fremovexattr(fresh, name.c_str());
  for (const auto& [name, value] : *attributes)
    ::fsetxattr(fresh, name.c_str(), value.data(), value.size(), 0);
  return ::fstat(fresh, &got) == 0 && got.st_mode == wanted.st_mode &&
         got.st_uid == wanted.st_uid && got.st_gid == wanted.st_gid &&
         attributes_of(fresh) == attributes && flags_of(fresh) == flags_of(old);
}

// Gives a file without a name one. The second way needs a mounted /proc, the
// first CAP_DAC_READ_SEARCH before Linux 6.10.
bool link_as(int file, int folder, const std::string& name) {
  if (::linkat(file, "", folder, name.c_str(), AT_EMPTY_PATH) == 0) return true;
  const std::string self = "/proc/self/fd/" + std::to_string(file);
  return errno != EEXIST && ::linkat(AT_FDCWD, self.c_str(), folder,
                                     name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// While it lives, a limit on the size of files (RLIMIT_FSIZE) is an error of
// the write that meets it, and no signal.
class NoSizeSignal {
 public:
  NoSizeSignal() {
    ::sigemptyset(&signal_);
    ::sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~NoSizeSignal() {
    const timespec at_once{};
    if (!::sigismember(&before_, SIGXFSZ))
      while (::sigtimedwait(&signal_, nullptr, &at_once) > 0) {
      }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSizeSignal(const NoSizeSignal&) = delete;
  NoSizeSignal& operator=(const NoSizeSignal&) = delete;

 private:
  sigset_t signal_{}, before_{};
};

// 0 or errno.
int write_and_sync(int file, std::string_view text, std::size_t at = 0) {
  if (const int code = write_at(file, text, at)) return code;
  return ::fsync(file) == 0 ? 0 : errno;
}

bool holds(int file, std::string_view text) {
  std::string now(text.size() + 1, '\0');
  std::size_t length = 0;
  while (length < now.size()) {
    const ssize_t n = ::pread(file, now.data() + length, now.size() - length,
                              static_cast<off_t>(length));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    length += static_cast<std::size_t>(n);
  }
  return std::string_view(now).substr(0, length) == text;
}

}  // namespace

Result<UserFile> UserFile::open(const std::string& path) {
  UserFile file(path);
  struct stat info {};
  // Asked before it is opened: to open some devices is to use them.
  const bool there = ::stat(path.c_str(), &info) == 0;
  if (!there && errno != ENOENT) return path_error(path, errno);
  if (there && S_ISDIR(info.st_mode)) return path_error(path, EISDIR);
  if (there && !S_ISREG(info.st_mode))
    return Error{path + ": not a regular file", EINVAL};
  const Result<void> done = there ? file.open_old() : file.open_new();
  if (!done) return done.error();
  return file;
}

Result<void> UserFile::open_old() {
  // With O_CREAT the kernel has its say about files of others in sticky
  // folders (fs.protected_regular), as it has for a shell's `>`.
  file_ =
      Fd(::open(path_.c_str(),
                O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
  if (!file_) return path_error(path_, errno);
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return path_error(path_, errno);
  if (!S_ISREG(info.st_mode))
    return Error{path_ + ": not a regular file", EINVAL};
  // `--plot x >x`: the report would be lost, or follow the picture.
  for (const int ours : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat out {};
    if (::fstat(ours, &out) == 0 && same_file(info, out))
      return Error{path_ + ": is where this program's output goes", EINVAL};
  }
  auto text = read_open(file_, path_, kMost);
  if (!text) return text.error();
  text_ = std::move(*text);
  return {};
}

Result<void> UserFile::open_new() {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0)
    return Error{path_ + ": a link to a file that is not there", ENOENT};
  const std::size_t slash = path_.rfind('/');
  const bool here = slash == std::string::npos;
  name_ = here ? path_ : path_.substr(slash + 1);
  if (name_.empty()) return path_error(path_, ENOENT);
  folder_ = Fd(::open(here ? "." : path_.substr(0, slash + 1).c_str(),
                      O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_ || ::faccessat(folder_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    return path_error(path_, errno);
  return {};
}

bool UserFile::is_unchanged() const {
  struct stat now {
  }, opened{};
  return ::stat(path_.c_str(), &now) == 0 &&
         ::fstat(file_.get(), &opened) == 0 && same_file(now, opened) &&
         holds(file_.get(), text_);
}

Error UserFile::changed() const {
  return {path_ + ": changed since it was read: nothing was written"};
}

Result<void> UserFile::write(std::string_view text) && {
  const NoSizeSignal quiet;
  if (!file_) return create(text);
  if (!is_unchanged()) return changed();
  switch (replace(text)) {
    case Replaced::yes:
      return {};
    case Replaced::changed:
      return changed();
    case Replaced::impossible:
      break;
  }
  return overwrite(text);
}

Result<void> UserFile::create(std::string_view text) const {
  const int folder = folder_.get();
  const Fd whole(::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  if (whole && write_and_sync(whole.get(), text) == 0 &&
      link_as(whole.get(), folder, name_))
    return {};
  // Not every file system has files without a name; and if that was not the
  // reason, it is met again.
  const Fd fresh(::openat(folder, name_.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fresh) return path_error(path_, errno);
  if (const int code = write_and_sync(fresh.get(), text)) {
    ::unlinkat(folder, name_.c_str(), 0);
    return path_error(path_, code);
  }
  return {};
}

UserFile::Replaced UserFile::replace(std::string_view text) const {
  std::string name;
  const Fd folder = folder_of(file_.get(), name);
  if (!folder) return Replaced::impossible;
  const int in = folder.get();
  const Fd fresh(::openat(in, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  // Writing takes some attributes away, so they come after it.
  if (!fresh || write_at(fresh.get(), text, 0) != 0 ||
      !copy_attributes(file_.get(), fresh.get()) || ::fsync(fresh.get()) != 0)
    return Replaced::impossible;
  const std::string other = ".fitrun-" + std::to_string(::getpid());
  if (!link_as(fresh.get(), in, other)) return Replaced::impossible;
  const auto exchange = [&] {
    return ::renameat2(in, other.c_str(), in, name.c_str(), RENAME_EXCHANGE);
  };
  // Exchanged, not renamed over: what was replaced can still be looked at.
  const bool exchanged = exchange() == 0;
  const bool right =
      exchanged && is_at(in, other, file_.get()) && holds(file_.get(), text_);
  if (exchanged && !right) exchange();
  if (is_at(in, other, right ? file_.get() : fresh.get()))
    ::unlinkat(in, other.c_str(), 0);
  if (!exchanged) return Replaced::impossible;
  return right ? Replaced::yes : Replaced::changed;
}

Result<void> UserFile::overwrite(std::string_view text) const {
  const int file = file_.get();
  const auto old = static_cast<off_t>(text_.size());
  int code = 0;
  if (text.size() > text_.size()) {
    code = write_and_sync(file, text.substr(text_.size()), text_.size());
    if (code == 0) code = write_and_sync(file, text.substr(0, text_.size()));
  } else {
    code = write_and_sync(file, text);
    if (code == 0 && ::ftruncate(file, static_cast<off_t>(text.size())) != 0)
      code = errno;
  }
  if (code == 0) return {};
  static_cast<void>(write_and_sync(file, text_));
  if (::ftruncate(file, old) == 0 && holds(file, text_))
    return path_error(path_, code);
  return Error{path_ + ": " + error_text(code) +
                   ", and what it held could not be put back: it is\n" + text_,
               code};
}

}  // namespace fitrun
