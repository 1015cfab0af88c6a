#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "os/fd.h"

namespace fitrun {
namespace {

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

Result<std::string> read_open(const Fd& file, const std::string& path,
                              std::size_t most) {
  return read_rest(file, path, most, 0);
}

int write_at(int file, std::string_view text, std::size_t at) {
  while (!text.empty()) {
    const ssize_t n =
        ::pwrite(file, text.data(), text.size(), static_cast<off_t>(at));
    if (n < 0 && errno != EINTR) return errno;
    if (n <= 0) continue;
    text.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::size_t>(n);
  }
  return 0;
}

}  // namespace fitrun
