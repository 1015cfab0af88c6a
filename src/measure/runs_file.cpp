#include "measure/runs_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string_view>

#include "base/text.h"
#include "os/fd.h"
#include "os/file.h"

namespace fitrun {
namespace {

constexpr const char* kCurrent = "runs.jsonl";
constexpr const char* kOld = "runs.old.jsonl";
// Bytes that mostly hold the few runs that a launch wants.
constexpr std::size_t kNearTheEnd = 1U << 15;
// Empty; there once a run was killed for lack of memory.
constexpr const char* kKills = "killed";

Error not_ours(const std::string& path) {
  return {path + ": belongs to another user", EACCES};
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

// The last `most` bytes, from the beginning of a line, which is at `begin`.
Result<std::string> read_tail(const Fd& fd, const std::string& path,
                              const struct stat& info, std::size_t& begin,
                              std::size_t most = kLargestRunsFile) {
  const auto size = static_cast<std::size_t>(info.st_size);
  begin = size - std::min(size, most);
  std::string text(size - begin, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t n = ::pread(fd.get(), text.data() + used, text.size() - used,
                              static_cast<off_t>(begin + used));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return path_error(path, errno);
    if (n == 0) break;  // cut meanwhile
    used += static_cast<std::size_t>(n);
  }
  text.resize(used);
  if (begin == 0) return text;
  const std::size_t end = std::min(text.find('\n'), text.size());
  text.erase(0, end);
  begin += end;
  return text;
}

struct LastLines {
  std::string text;
  bool all = true;  // of the file; also where there is none
};

// Those within the last `most` bytes.
Result<LastLines> last_lines(const Fd& folder, const StatePlace& place,
                             const char* name, std::size_t most) {
  struct stat info {};
  const auto fd = open_runs(folder, place, name, O_RDONLY, info);
  if (!fd && fd.error().code == ENOENT) return LastLines{};
  if (!fd) return fd.error();
  std::size_t begin = 0;
  auto text = read_tail(*fd, place.folder + "/" + name, info, begin, most);
  if (!text) return text.error();
  return LastLines{std::move(*text), begin == 0};
}

void mark_kills(const Fd& folder) {
  const Fd made(::openat(
      folder.get(), kKills,
      O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
      0600));
}

Result<std::size_t> forget_in(const Fd& folder, const StatePlace& place,
                              const char* name, const RunsOf& of) {
  struct stat info {};
  const auto fd = open_runs(folder, place, name, O_RDWR, info);
  if (!fd && fd.error().code == ENOENT) return std::size_t{0};
  if (!fd) return fd.error();
  const std::string path = place.folder + "/" + name;
  std::size_t begin = 0;
  const auto text = read_tail(*fd, path, info, begin);
  if (!text) return text.error();
  std::size_t forgotten = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t at = begin + (text->size() - rest.size());
    const std::string_view line = take_line(rest);
    if (parse_runs(line, of).runs.empty()) continue;
    const std::string blank(line.size(), ' ');
    const ssize_t n =
        ::pwrite(fd->get(), blank.data(), blank.size(), static_cast<off_t>(at));
    if (n != static_cast<ssize_t>(blank.size())) return path_error(path, errno);
    ++forgotten;
  }
  return forgotten;
}

// The folder that is there already of those above the state's, where the others
// may be made.
Result<std::string> folder_to_begin(const StatePlace& place) {
  if (!place.home.empty() && ::access(place.home.c_str(), F_OK) != 0)
    return path_error(place.home, errno);
  std::string above = place.folder;
  struct stat info {};
  while (above.size() > 1 && ::stat(above.c_str(), &info) != 0)
    above.resize(std::max<std::size_t>(1, above.rfind('/')));
  if (::stat(above.c_str(), &info) != 0) return path_error(above, errno);
  if (!S_ISDIR(info.st_mode)) return path_error(above, ENOTDIR);
  const bool ours = info.st_uid == ::geteuid() || info.st_uid == 0;
  if (!place.named && !ours && above != place.folder) return not_ours(above);
  return above;
}

}  // namespace

Result<void> make_state_folder(const StatePlace& place) {
  const auto begin = folder_to_begin(place);
  if (!begin) return begin.error();
  for (std::size_t at = (*begin).size(); at < place.folder.size();) {
    at = std::min(place.folder.find('/', at + 1), place.folder.size());
    const std::string folder = place.folder.substr(0, at);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return path_error(folder, errno);
  }
  return {};
}

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
  return {*home + "/.local/state/fitrun", false, *home};
}

Result<void> check_appending(const StatePlace& place) {
  if (place.folder.empty()) return Error{kNoStatePlace};
  const auto folder = open_folder(place);
  if (!folder && folder.error().code == ENOENT) {
    const auto begin = folder_to_begin(place);
    if (!begin) return begin.error();
    if (::access((*begin).c_str(), W_OK | X_OK) != 0)
      return path_error(*begin, errno);
    return {};
  }
  if (!folder) return folder.error();
  struct stat info {};
  const auto fd = open_runs(*folder, place, kCurrent, O_RDWR | O_APPEND, info);
  if (fd) return {};
  if (fd.error().code != ENOENT) return fd.error();
  if (::access(place.folder.c_str(), W_OK | X_OK) != 0)
    return path_error(place.folder, errno);
  return {};
}

Result<void> append_run(const StatePlace& place, const RunRecord& record) {
  if (place.folder.empty()) return Error{kNoStatePlace};
  if (const auto made = make_state_folder(place); !made) return made.error();
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
    if (record.oom_kills.value_or(0) > 0) mark_kills(*folder);
    return {};
  }
  return Error{place.runs() + ": grows faster than it can be rotated"};
}

Result<RunHistory> read_history(const StatePlace& place, const RunsOf& of,
                                std::size_t most) {
  RunHistory history;
  if (place.folder.empty()) return history;
  const auto folder = open_folder(place);
  if (!folder && folder.error().code == ENOENT) return history;
  if (!folder) return folder.error();
  const bool few = most != SIZE_MAX;
  auto lines = last_lines(*folder, place, kCurrent,
                          few ? kNearTheEnd : kLargestRunsFile);
  if (!lines) return lines.error();
  ParsedRuns parsed = parse_runs(lines->text, of, most);
  if (parsed.runs.size() < most) {
    const auto old = last_lines(*folder, place, kOld, kLargestRunsFile);
    if (!old) return old.error();
    const bool more = !lines->all || !old->text.empty();
    if (!lines->all)
      lines = last_lines(*folder, place, kCurrent, kLargestRunsFile);
    if (!lines) return lines.error();
    if (more) parsed = parse_runs(old->text + "\n" + lines->text, of, most);
  }
  history.runs = std::move(parsed.runs);
  const auto note = [&](const std::string& these) {
    history.notes.push_back(place.runs() + ": " + these + " left out");
  };
  if (parsed.damaged > 0) note(counted(parsed.damaged, "damaged line"));
  if (parsed.newer > 0)
    note(counted(parsed.newer, "line") + " of a later version of fitrun");
  return history;
}

bool has_kills(const StatePlace& place) {
  return !place.folder.empty() &&
         ::access((place.folder + "/" + kKills).c_str(), F_OK) == 0;
}

Result<std::size_t> forget_runs(const StatePlace& place, const RunsOf& of) {
  if (place.folder.empty()) return std::size_t{0};
  const auto folder = open_folder(place);
  if (!folder && folder.error().code == ENOENT) return std::size_t{0};
  if (!folder) return folder.error();
  std::size_t forgotten = 0;
  for (const char* const name : {kOld, kCurrent}) {
    const auto part = forget_in(*folder, place, name, of);
    if (!part) return part.error();
    forgotten += *part;
  }
  return forgotten;
}

}  // namespace fitrun
