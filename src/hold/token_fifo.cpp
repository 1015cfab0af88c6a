#include "hold/token_fifo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "os/file.h"

namespace fitrun {
namespace {

bool is_same_file(const std::string& path, int fd) {
  struct stat named {};
  struct stat open {};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(fd, &open) == 0 &&
         named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

}  // namespace

Result<TokenEnds> make_token_fifo(std::uint64_t jobs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return path_error("pipe", errno);
  const Fd takes(ends[0]);
  const Fd gives(ends[1]);
  const std::string tokens(jobs - 1, '+');
  const ssize_t put = ::write(gives.get(), tokens.data(), tokens.size());
  if (put != static_cast<ssize_t>(tokens.size()))
    return path_error("pipe", put < 0 ? errno : EAGAIN);
  auto both = end_of_clients(gives.get());
  if (!both) return both.error();
  const std::string path =
      fmt::format("/proc/{}/fd/{}", ::getpid(), both->get());
  // That /proc may be of another pid namespace.
  if (!is_same_file(path, both->get())) return path_error(path, ENOENT);
  return TokenEnds{jobs, std::move(*both), Fd(), "fifo:" + path};
}

}  // namespace fitrun
