#include "os/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/text.h"
#include "os/file.h"

namespace fitrun {

std::string program_folder() {
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return "";
  path.resize(static_cast<std::size_t>(length));
  return path.substr(0, path.rfind('/'));
}

std::string installation_folder() {
  const std::string program = program_folder();
  return program.substr(0, program.rfind('/') + 1);
}

Result<std::string> find_program(const std::string& name,
                                 const Environment& environment) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    return path_error(name, errno);
  }
  const std::string path = environment.get("PATH").value_or("/bin:/usr/bin");
  for (const std::string_view folder : split(path, ':')) {
    std::string full = folder.empty() ? "." : std::string(folder);
    full += '/' + name;
    struct stat info {};
    if (::access(full.c_str(), X_OK) == 0 && ::stat(full.c_str(), &info) == 0 &&
        S_ISREG(info.st_mode))
      return full;
  }
  return Error{name + ": command not found", ENOENT};
}

}  // namespace fitrun
