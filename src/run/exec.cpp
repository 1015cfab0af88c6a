#include "run/exec.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/argv.h"
#include "os/environment.h"
#include "os/file.h"
#include "os/write_signals.h"

namespace fitrun {
namespace {

std::string explain(const std::string& name, int code) {
  struct stat info {};
  const bool exists =
      name.find('/') != std::string::npos && ::stat(name.c_str(), &info) == 0;
  if (code == ENOENT && exists)
    return name + ": its interpreter (the #! line or the loader) is missing";
  if (code == ENOENT && name.find('/') == std::string::npos)
    return name + ": command not found";
  if (code == EACCES && exists && S_ISDIR(info.st_mode))
    return path_error(name, EISDIR).message;
  if (code == E2BIG) {
    return name +
           ": the command line and environment are larger than the "
           "kernel allows";
  }
  return path_error(name, code).message;
}

}  // namespace

Failure cannot_start(const std::string& name, int code) {
  return Failure(explain(name, code), code == ENOENT
                                          ? ExitStatus::not_found
                                          : ExitStatus::not_executable);
}

void become(const std::vector<std::string>& argv,
            const EnvironmentChanges& changes) {
  apply(changes).value();
  const std::vector<char*> words = pointers_to(argv);
  const bool held = release_write_signals();
  ::execvp(words[0], words.data());
  const int code = errno;
  if (held) hold_write_signals();
  throw cannot_start(argv[0], code);
}

}  // namespace fitrun
