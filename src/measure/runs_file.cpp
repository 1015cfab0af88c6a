#include "measure/runs_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "measure/wording.h"
#include "os/fd.h"
#include "os/file.h"

namespace fitrun {
namespace {

constexpr const char* kCurrent = "runs.jsonl";
constexpr const char* kOld = "runs.old.jsonl";

Error not_ours(const std::string& path) {
  return {path + ": belongs to another user", EACCES};
}

Result<void> make_folders(const StatePlace& place) {
  std::string above = "/";
  for (std::size_t at = 0; at != std::string::npos;) {
    at = place.folder.find('/', at + 1);
    std::string folder = place.folder.substr(0, at);
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) {
      if (::stat(above.c_str(), &info) != 0) return path_error(above, errno);
      const bool ours = info.st_uid == ::geteuid() || info.st_uid == 0;
      if (!place.named && !ours) return not_ours(above);
      if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return path_error(folder, errno);
    }
    above = std::move(folder);
  }
  return {};
}

Result<Fd> open_folder(const StatePlace& place) {
  Fd folder(::open(place.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!folder || ::fstat(folder.get(), &info) != 0)
    return path_error(place.folder, errno);
  if (!place.named && info.st_uid != ::geteuid()) return not_ours(place.folder);
  return folder;
}

// `flags` beside those that keep an open from waiting or following a link.
Result<Fd> open_runs(const Fd& folder, const StatePlace& place,
                     const char* name, int flags, struct stat& info) {
  const std::string path = place.folder + "/" + name;
  constexpr int kCareful = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  Fd fd(::openat(folder.get(), name, flags | kCareful, 0600));
  if (!fd && errno == ELOOP) return Error{path + ": is a symbolic link", ELOOP};
  if (!fd) return path_error(path, errno);
  if (::fstat(fd.get(), &info) != 0) return path_error(path, errno);
  if (S_ISDIR(info.st_mode)) return path_error(path, EISDIR);
  if (!S_ISREG(info.st_mode))
    return Error{path + ": not a regular file", EINVAL};
  if (info.st_uid != ::geteuid()) return not_ours(path);
  return fd;
}

// Whether the file is another one now. Where somebody else is at it, or it was
// done meanwhile, it is theirs to do.
Result<bool> rotate(const Fd& folder, const StatePlace& place, const Fd& fd) {
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return false;
  struct stat held {};
  struct stat named {};
  if (::fstat(fd.get(), &held) != 0 ||
      ::fstatat(folder.get(), kCurrent, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
      held.st_ino != named.st_ino || held.st_dev != named.st_dev)
    return true;
  struct stat old {};
  const auto opened = open_runs(folder, place, kOld, O_RDONLY, old);
  if (!opened && opened.error().code != ENOENT) return opened.error();
  if (::renameat(folder.get(), kCurrent, folder.get(), kOld) != 0)
    return path_error(place.runs(), errno);
  return true;
}

// A line that was cut short would swallow ours.
bool ends_a_line(const Fd& fd, const struct stat& info) {
  char last = '\n';
  return info.st_size == 0 ||
         ::pread(fd.get(), &last, 1, info.st_size - 1) < 1 || last == '\n';
}

// Beyond the limit of a process a write raises SIGXFSZ, which would end us or
// be left to the command.
bool within_limit(std::size_t size) {
  rlimit most{};
  return ::getrlimit(RLIMIT_FSIZE, &most) != 0 || size <= most.rlim_cur;
}

// The last kLargestRunsFile bytes, from the beginning of a line.
Result<std::string> read_tail(const Fd& folder, const StatePlace& place,
                              const char* name) {
  struct stat info {};
  const auto fd = open_runs(folder, place, name, O_RDONLY, info);
  if (!fd) return fd.error();
  const auto size = static_cast<std::size_t>(info.st_size);
  const std::size_t skipped = size - std::min(size, kLargestRunsFile);
  std::string text(size - skipped, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t n = ::pread(fd->get(), text.data() + used, text.size() - used,
                              static_cast<off_t>(skipped + used));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return path_error(place.folder + "/" + name, errno);
    if (n == 0) break;  // cut meanwhile
    used += static_cast<std::size_t>(n);
  }
  text.resize(used);
  if (skipped > 0) text.erase(0, text.find('\n'));
  return text;
}

}  // namespace

StatePlace state_place(const Environment& environment) {
  const auto named = environment.get("FITRUN_STATE");
  if (named && named->starts_with('/')) return {*named, true};
  if (named && !named->empty()) {
    char here[PATH_MAX];
    if (!::getcwd(here, sizeof here)) return {};
    return {std::string(here) + "/" + *named, true};
  }
  const auto state = environment.get("XDG_STATE_HOME");
  if (state && state->starts_with('/')) return {*state + "/fitrun", false};
  const auto home = environment.get("HOME");
  if (!home || !home->starts_with('/')) return {};
  return {*home + "/.local/state/fitrun", false};
}

Result<void> append_run(const StatePlace& place, const RunRecord& record) {
  if (place.folder.empty()) return Error{kNoStatePlace};
  if (const auto made = make_folders(place); !made) return made.error();
  const auto folder = open_folder(place);
  if (!folder) return folder.error();
  const std::string line = to_json_line(record);
  // Another writer can be faster, but not for ever.
  for (int round = 0; round < 3; ++round) {
    struct stat info {};
    const auto fd =
        open_runs(*folder, place, kCurrent, O_RDWR | O_APPEND | O_CREAT, info);
    if (!fd) return fd.error();
    if (info.st_size >= static_cast<off_t>(kLargestRunsFile)) {
      const auto rotated = rotate(*folder, place, *fd);
      if (!rotated) return rotated.error();
      if (*rotated) continue;
    }
    const std::string text = ends_a_line(*fd, info) ? line : "\n" + line;
    if (!within_limit(static_cast<std::size_t>(info.st_size) + text.size()))
      return path_error(place.runs(), EFBIG);
    const ssize_t written = ::write(fd->get(), text.data(), text.size());
    if (written < 0) return path_error(place.runs(), errno);
    if (static_cast<std::size_t>(written) != text.size())
      return path_error(place.runs(), ENOSPC);
    return {};
  }
  return Error{place.runs() + ": grows faster than it can be rotated"};
}

Result<RunHistory> read_history(const StatePlace& place,
                                const std::string& stage) {
  RunHistory history;
  if (place.folder.empty()) return history;
  const auto folder = open_folder(place);
  if (!folder && folder.error().code == ENOENT) return history;
  if (!folder) return folder.error();
  std::string text;
  for (const char* const name : {kOld, kCurrent}) {
    const auto part = read_tail(*folder, place, name);
    if (!part && part.error().code != ENOENT) return part.error();
    if (part) text += *part + "\n";
  }
  ParsedRuns parsed = parse_runs(text, stage);
  history.runs = std::move(parsed.runs);
  const auto note = [&](const std::string& lines) {
    history.notes.push_back(place.runs() + ": " + lines + " left out");
  };
  if (parsed.damaged > 0) note(counted(parsed.damaged, "damaged line"));
  if (parsed.newer > 0)
    note(counted(parsed.newer, "line") + " of a later version of fitrun");
  return history;
}

}  // namespace fitrun
