#include "os/cgroup_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/text.h"
#include "os/file.h"
#include "os/process.h"

namespace fitrun {

std::vector<pid_t> parse_cgroup_procs(std::string_view text) {
  std::vector<pid_t> pids;
  while (!text.empty()) {
    const std::string_view line = trim(take_line(text));
    if (const auto pid = line == "0" ? std::optional(0) : parse_pid(line))
      pids.push_back(*pid);
  }
  return pids;
}

Fd lock_cgroup_folder(const std::string& folder) {
  Fd fd(
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

Result<CgroupFolder> make_cgroup_folder(const std::string& parent,
                                        std::string_view prefix) {
  std::string start = parent + "/";
  start.append(prefix) += std::to_string(::getpid());
  for (int count = 0; count < 100; ++count) {
    const std::string folder = start + "-" + std::to_string(count);
    if (::mkdir(folder.c_str(), 0755) == 0) {
      Fd lock = lock_cgroup_folder(folder);
      // Another fitrun may have swept it before it was locked.
      if (lock && ::access(folder.c_str(), F_OK) == 0)
        return CgroupFolder{folder, std::move(lock)};
    } else if (errno != EEXIST) {
      return path_error(folder, errno);
    }
  }
  return path_error(start, EEXIST);
}

std::vector<CgroupFolder> abandoned_cgroup_folders(const Host& host,
                                                   const std::string& parent,
                                                   std::string_view prefix) {
  std::vector<CgroupFolder> found;
  for (const std::string& name : host.subdirectories(parent)) {
    if (!name.starts_with(prefix)) continue;
    const auto numbers =
        split(std::string_view(name).substr(prefix.size()), '-');
    if (numbers.size() != 2 || !parse_count(numbers[0]) ||
        !parse_count(numbers[1]))
      continue;
    std::string folder = host.full(parent) + "/" + name;
    if (Fd lock = lock_cgroup_folder(folder))
      found.push_back({std::move(folder), std::move(lock)});
  }
  return found;
}

Fd open_cgroup_file(const std::string& folder, const char* name, int flags) {
  return Fd(::open((folder + "/" + name).c_str(), flags | O_CLOEXEC));
}

bool write_cgroup_file(const Fd& file, std::string_view text) {
  return file && ::write(file.get(), text.data(), text.size()) ==
                     static_cast<ssize_t>(text.size());
}

bool dissolve_cgroup(const std::string& folder, const std::string& home) {
  constexpr int kRounds = 4;  // one that moves may have forked
  for (int round = 0; ::rmdir(folder.c_str()) != 0; ++round) {
    const auto text = read_file(folder + "/" + kCgroupProcs, 1U << 20);
    if (!text || round == kRounds) return false;
    const Fd procs = open_cgroup_file(home, kCgroupProcs, O_WRONLY);
    for (const pid_t pid : parse_cgroup_procs(*text))
      if (pid > 0) write_cgroup_file(procs, std::to_string(pid));
  }
  return true;
}

}  // namespace fitrun
