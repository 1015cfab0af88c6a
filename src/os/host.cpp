#include "os/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "os/file.h"

namespace fitrun {
namespace {

// Calls visit(entry, descriptor of the directory) for all but "." and "..".
template <typename Visit>
void each_entry(const std::string& path, Visit visit) {
  const auto close = [](DIR* dir) { ::closedir(dir); };
  // opendir sets close-on-exec (POSIX.1-2008).
  const std::unique_ptr<DIR, decltype(close)> dir(::opendir(path.c_str()),
                                                  close);
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(*entry, ::dirfd(dir.get()));
  }
}

bool is_folder(const dirent& entry, int folder) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat info {};
  return ::fstatat(folder, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(info.st_mode);
}

}  // namespace

Host::Host(std::string root) : root_(std::move(root)) {
  while (root_.ends_with('/')) root_.pop_back();
}

std::string Host::full(std::string_view path) const {
  return root_ + std::string(path);
}

Result<std::string> Host::read(std::string_view path) const {
  Result<std::string> text = live() ? read_kernel_file(full(path), kLargestFile)
                                    : read_file(full(path), kLargestFile);
  if (record_) {
    record_->files.push_back({std::string(path), text ? *text : std::string(),
                              text ? 0 : text.error().code});
  }
  return text;
}

std::vector<std::string> Host::list(std::string_view path) const {
  std::vector<std::string> names;
  each_entry(full(path), [&](const dirent& entry, int) {
    names.emplace_back(entry.d_name);
  });
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Host::subdirectories(std::string_view path) const {
  std::vector<std::string> names;
  each_entry(full(path), [&](const dirent& entry, int folder) {
    if (is_folder(entry, folder)) names.emplace_back(entry.d_name);
  });
  std::sort(names.begin(), names.end());
  return names;
}

bool Host::is_directory(std::string_view path) const {
  struct stat info {};
  const bool found =
      ::stat(full(path).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  if (found && record_) record_->directories.emplace_back(path);
  return found;
}

bool Host::sees_all_pids() const {
  struct stat space {};
  return ::stat(full("/proc/self/ns/pid").c_str(), &space) == 0 &&
         space.st_ino == kInitialPidNamespace;
}

}  // namespace fitrun
