#include "share/users.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/text.h"

namespace fitrun {
namespace {

constexpr std::size_t kMostListed = 32'768;

std::optional<uid_t> parse_uid(std::string_view text) {
  const auto n = parse_count(text);
  if (!n || *n > std::numeric_limits<uid_t>::max()) return std::nullopt;
  return static_cast<uid_t>(*n);
}

}  // namespace

std::vector<uid_t> other_users(const Host& host, uid_t user, std::size_t most) {
  std::vector<uid_t> users;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(
      ::opendir(host.full("/proc").c_str()), ::closedir);
  if (!dir) return users;
  const int proc = ::dirfd(dir.get());
  uid_t last = user;
  for (std::size_t n = 0; n < kMostListed;) {
    const dirent* const entry = ::readdir(dir.get());
    if (!entry) break;
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    ++n;
    struct stat info {};
    if (::fstatat(proc, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        info.st_uid == last)
      continue;
    last = info.st_uid;
    const auto at = std::ranges::lower_bound(users, last);
    if (last != user && (at == users.end() || *at != last))
      users.insert(at, last);
  }
  users.resize(std::min(users.size(), most));
  return users;
}

bool is_process_of(const Host& host, pid_t pid, uid_t user) {
  const std::string folder = fmt::format("/proc/{}", pid);
  struct stat info {};
  if (::stat(host.full(folder).c_str(), &info) != 0) return false;
  if (info.st_uid == user) return true;
  if (info.st_uid != 0) return false;
  const Result<std::string> status = host.read(folder + "/status");
  return status && parse_real_uid(*status) == user;
}

std::optional<uid_t> parse_real_uid(std::string_view status) {
  while (!status.empty()) {
    const std::string_view line = take_line(status);
    if (!line.starts_with("Uid:")) continue;
    const std::vector<std::string_view> ids = words(trim(line.substr(4)));
    return ids.size() == 4 ? parse_uid(ids[0]) : std::nullopt;
  }
  return std::nullopt;
}

uid_t outside_uid(std::string_view uid_map, uid_t user) {
  while (!uid_map.empty()) {
    const std::vector<std::string_view> range = words(trim(take_line(uid_map)));
    if (range.size() != 3) continue;
    const auto inside = parse_uid(range[0]);
    const auto outside = parse_uid(range[1]);
    const auto count = parse_uid(range[2]);
    if (inside && outside && count && user >= *inside &&
        user - *inside < *count)
      return *outside + (user - *inside);
  }
  return user;
}

}  // namespace fitrun
