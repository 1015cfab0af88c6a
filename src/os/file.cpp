#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "os/fd.h"

namespace fitrun {
namespace {

// write(2) until all of `text` is out; 0 or errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

Fd open_to_read(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

// To the end, which needs no further read where `size` is known: files of /proc
// and of cgroups say 0. Most files are one block.
Result<std::string> read_rest(const Fd& fd, const std::string& path,
                              std::size_t most, std::size_t size) {
  std::string text;
  char block[8192];
  while (true) {
    const ssize_t n = ::read(fd.get(), block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return path_error(path, errno);
    if (n == 0) return text;
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > most)
      return Error{path + ": larger than expected", EFBIG};
    if (text.size() == size) return text;
  }
}

}  // namespace

std::string error_text(int code) {
  const char* const text = ::strerrordesc_np(code);  // glibc 2.32
  return text ? text : "error " + std::to_string(code);
}

Error path_error(std::string_view path, int code) {
  return {std::string(path) + ": " + error_text(code), code};
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const Fd fd = open_to_read(path);
  if (!fd) return path_error(path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return path_error(path, errno);
  if (S_ISDIR(info.st_mode)) return path_error(path, EISDIR);
  if (!S_ISREG(info.st_mode))
    return Error{path + ": not a regular file", EINVAL};
  return read_rest(fd, path, most, static_cast<std::size_t>(info.st_size));
}

Result<std::string> read_kernel_file(const std::string& path,
                                     std::size_t most) {
  const Fd fd = open_to_read(path);
  if (!fd) return path_error(path, errno);
  return read_rest(fd, path, most, 0);
}

Result<bool> replace_file(const std::string& path, std::string_view text) {
  const std::unique_ptr<char, void (*)(void*)> resolved(
      ::realpath(path.c_str(), nullptr), std::free);
  const std::string target = resolved ? resolved.get() : path;
  std::string fresh = target + ".XXXXXX";
  const Fd fd(::mkostemp(fresh.data(), O_CLOEXEC));
  if (!fd) return path_error(fresh, errno);
  const auto give_up = [&](int code) {
    ::unlink(fresh.c_str());
    return path_error(target, code);
  };
  struct stat old {};
  const bool existed = ::stat(target.c_str(), &old) == 0;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(fd.get(), existed ? old.st_mode & 07777 : 0666 & ~mask) != 0)
    return give_up(errno);
  // Only root may give a file away: for others it is theirs already.
  if (existed && ::fchown(fd.get(), old.st_uid, old.st_gid) != 0 &&
      errno != EPERM)
    return give_up(errno);
  if (const int code = write_all(fd.get(), text)) return give_up(code);
  if (::fsync(fd.get()) != 0) return give_up(errno);
  if (::rename(fresh.c_str(), target.c_str()) != 0) return give_up(errno);
  return true;
}

}  // namespace fitrun
