#include "os/host.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "os/file.h"

namespace fitrun {

Host::Host(std::string root) : root_(std::move(root)) {
  while (root_.ends_with('/')) root_.pop_back();
}

std::string Host::full(std::string_view path) const {
  return root_ + std::string(path);
}

Result<std::string> Host::read(std::string_view path) const {
  return read_file(full(path), kLargestFile);
}

std::vector<std::string> Host::list(std::string_view path) const {
  std::vector<std::string> names;
  const auto close = [](DIR* dir) { ::closedir(dir); };
  // opendir sets close-on-exec (POSIX.1-2008).
  const std::unique_ptr<DIR, decltype(close)> dir(::opendir(full(path).c_str()),
                                                  close);
  if (!dir) return names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool Host::is_directory(std::string_view path) const {
  struct stat info {};
  return ::stat(full(path).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace fitrun
