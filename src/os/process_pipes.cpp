#include "os/process_pipes.h"

#include <sys/stat.h>

#include <string>

#include "os/process.h"

namespace fitrun {

std::vector<PipeEnd> read_pipe_ends(const Host& host, pid_t pid) {
  std::vector<PipeEnd> ends;
  for (const std::string& name : host.list(proc_path(pid, "fd"))) {
    const std::string path = host.full(proc_path(pid, "fd/" + name));
    // The link's own mode says how the file was opened.
    struct stat file {};
    struct stat link {};
    if (::stat(path.c_str(), &file) != 0 || !S_ISFIFO(file.st_mode) ||
        ::lstat(path.c_str(), &link) != 0)
      continue;
    ends.push_back({file.st_dev, file.st_ino, (link.st_mode & S_IRUSR) != 0,
                    (link.st_mode & S_IWUSR) != 0});
  }
  return ends;
}

PipeWait parse_pipe_wait(std::string_view wchan) {
  if (wchan.find("pipe_read") != std::string_view::npos)
    return PipeWait::to_read;
  if (wchan.find("pipe_write") != std::string_view::npos)
    return PipeWait::to_write;
  return PipeWait::none;
}

}  // namespace fitrun
