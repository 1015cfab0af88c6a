#include "stage/find.h"

#include <sys/stat.h>

#include "base/text.h"
#include "os/host.h"
#include "os/program.h"

namespace fitrun {
namespace {

constexpr std::string_view kSuffix = ".toml";

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
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

std::vector<std::string> config_folders(const Environment& environment) {
  std::vector<std::string> folders;
  const std::string user = user_config_folder(environment);
  if (!user.empty()) folders = {user, user + "/configs"};
  const std::string program = program_folder();
  if (!program.empty()) folders.push_back(program + "/../share/fitrun/configs");
  return folders;
}

Result<std::string> find_stage(const std::string& name,
                               const Environment& environment) {
  if (name.empty()) return Error{"STAGE is empty: give a descriptor's path"};
  if (name.find('/') != std::string::npos || name.ends_with(kSuffix))
    return name;

  std::string searched;
  std::vector<std::string> known;
  for (const std::string& folder : config_folders(environment)) {
    std::string path = folder;
    path.append("/").append(name).append(kSuffix);
    if (is_file(path)) return path;
    if (!searched.empty()) searched += ", ";
    searched += folder;
    for (std::string& file : Host().list(folder)) {
      if (!file.ends_with(kSuffix)) continue;
      file.resize(file.size() - kSuffix.size());
      known.push_back(std::move(file));
    }
  }
  if (is_file(name)) return name;

  std::string message =
      name +
      ": no such descriptor; a name without \"/\" or \".toml\" is looked "
      "up in " +
      searched;
  const std::string_view near = did_you_mean(
      name, std::vector<std::string_view>(known.begin(), known.end()));
  if (!near.empty()) message += "; did you mean " + std::string(near) + "?";
  return Error{message};
}

}  // namespace fitrun
