#include "stage/find.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <map>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "os/file.h"
#include "os/host.h"
#include "os/program.h"

namespace fitrun {
namespace {

constexpr std::string_view kSuffix = ".toml";

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// The file descriptor that a name stands for. Opening it a second time by that
// name would not do for a pipe or a socket.
std::optional<int> open_file_named(std::string_view name) {
  if (name == "-" || name == "/dev/stdin") return STDIN_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!name.starts_with(folder)) continue;
    const auto number = parse_count(name.substr(folder.size()));
    if (number && *number <= INT_MAX) return static_cast<int>(*number);
  }
  return std::nullopt;
}

}  // namespace

std::string user_config_folder(const Environment& environment) {
  auto user = environment.get("XDG_CONFIG_HOME");
  // The XDG specification: a relative path is to be ignored.
  if (!user || !user->starts_with('/')) {
    user = environment.get("HOME");
    if (user) *user += "/.config";
  }
  return user ? *user + "/fitrun" : "";
}

std::string installed_folder() {
  const std::string folder = installation_folder();
  return folder.empty() ? "" : folder + "share/fitrun";
}

std::vector<std::string> config_folders(const Environment& environment) {
  std::vector<std::string> folders;
  const std::string user = user_config_folder(environment);
  if (!user.empty()) folders = {user, user + "/configs"};
  std::string installed = installed_folder();
  if (!installed.empty())
    folders.push_back(std::move(installed.append("/configs")));
  return folders;
}

std::string find_config(const std::string& name,
                        const Environment& environment) {
  for (std::string& path : config_folders(environment)) {
    path.append("/").append(name).append(kSuffix);
    if (is_file(path)) return std::move(path);
  }
  return "";
}

std::vector<ConfigName> list_configs(const Environment& environment) {
  std::map<std::string, std::string> files;
  for (const std::string& folder : config_folders(environment)) {
    for (const std::string& file : Host().list(folder)) {
      std::string path = folder;
      path.append("/").append(file);
      if (!file.ends_with(kSuffix) || !is_file(path)) continue;
      files.emplace(file.substr(0, file.size() - kSuffix.size()), path);
    }
  }
  std::vector<ConfigName> names;
  names.reserve(files.size());
  for (auto& [name, file] : files) names.push_back({name, file});
  return names;
}

FoundStage find_stage(const std::string& name, const Environment& environment) {
  using Place = FoundStage::Place;
  if (const auto descriptor = open_file_named(name))
    return {Place::open_file, "-", *descriptor};
  if (name.find('/') != std::string::npos || name.ends_with(kSuffix))
    return {Place::path, name};
  if (name.empty()) return {};
  FoundStage found;
  found.project = find_project();
  if (found.project.has(name)) {
    found.place = Place::project;
    found.file = found.project.file;
  } else if (found.file = find_config(name, environment); !found.file.empty()) {
    found.place = Place::config;
  } else if (is_file(name)) {
    found.place = Place::path;
    found.file = name;
  }
  return found;
}

Result<std::string> read_found(const FoundStage& found) {
  if (found.place == FoundStage::Place::project) return found.project.text;
  if (found.place != FoundStage::Place::open_file)
    return read_file(found.file, kLargestDescriptor);
  constexpr const char* kName = "the descriptor from standard input";
  const Fd file(::fcntl(found.descriptor, F_DUPFD_CLOEXEC, 0));
  if (!file) return path_error(kName, errno);
  return read_open(file, kName, kLargestDescriptor);
}

}  // namespace fitrun
