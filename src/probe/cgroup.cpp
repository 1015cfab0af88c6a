#include "probe/cgroup.h"

#include <algorithm>
#include <climits>
#include <optional>

#include "base/text.h"

namespace fitrun {
namespace {

constexpr std::string_view kUp = "..";
constexpr std::string_view kDeleted = " (deleted)";

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts = split(path, '/');
  std::erase(parts, "");
  return parts;
}

using Parts = std::vector<std::string_view>;

std::size_t leading_ups(const Parts& parts) {
  const auto first_name = std::find_if(parts.begin(), parts.end(),
                                       [](auto part) { return part != kUp; });
  return static_cast<std::size_t>(first_name - parts.begin());
}

bool lists(std::string_view controllers, std::string_view wanted) {
  for (const std::string_view one : split(controllers, ','))
    if (one == wanted) return true;
  return false;
}

std::string joined(std::string folder, const Parts& parts) {
  for (const std::string_view part : parts) {
    if (!folder.ends_with('/')) folder += '/';
    folder += part;
  }
  return folder;
}

// The route through one mount, if it shows us.
std::optional<CgroupRoute> route(const Mount& mount, const Parts& path) {
  const Parts root = components(mount.root);
  // What follows the first `count` components, where it only goes down.
  const auto below = [&](std::size_t count) -> std::optional<Parts> {
    Parts rest(path.begin() + static_cast<std::ptrdiff_t>(count), path.end());
    if (std::find(rest.begin(), rest.end(), kUp) != rest.end())
      return std::nullopt;
    return rest;
  };
  if (root.size() <= path.size() &&
      std::equal(root.begin(), root.end(), path.begin())) {
    if (auto rest = below(root.size()))
      return CgroupRoute{&mount, std::move(*rest), 0};
  }
  // A root of k times ".." shows what is k levels above the namespace; a path
  // with j < k of them ends in names only from the level k - j further down.
  const std::size_t k = leading_ups(root);
  const std::size_t j = leading_ups(path);
  if (k == root.size() && j < k) {
    if (auto rest = below(j))
      return CgroupRoute{&mount, std::move(*rest), k - j};
  }
  return std::nullopt;
}

}  // namespace

std::vector<CgroupLine> parse_proc_cgroup(std::string_view text) {
  // Sixteen controllers, and a few hierarchies that have only a name.
  constexpr std::size_t kMostLines = 1024;
  std::vector<CgroupLine> found;
  while (!text.empty() && found.size() < kMostLines) {
    const std::string_view line = take_line(text);
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    CgroupLine entry;
    entry.controllers = line.substr(first + 1, second - first - 1);
    entry.path = line.substr(second + 1);
    const bool unified =
        line.substr(0, first) == "0" && entry.controllers.empty();
    entry.version = unified ? CgroupVersion::v2 : CgroupVersion::v1;
    if (entry.path.starts_with('/') && entry.path.size() <= PATH_MAX)
      found.push_back(std::move(entry));
  }
  return found;
}

CgroupOwner owner_of(const std::vector<CgroupLine>& lines,
                     std::string_view controller) {
  CgroupOwner owner;
  for (const CgroupLine& line : lines) {
    const bool unified = line.version == CgroupVersion::v2;
    if (!unified && lists(line.controllers, controller))
      return {CgroupVersion::v1, std::string(controller), line.path};
    if (unified)
      owner = {CgroupVersion::v2, std::string(controller), line.path};
  }
  return owner;
}

std::vector<CgroupRoute> routes(const std::vector<Mount>& mounts,
                                const CgroupOwner& owner,
                                std::string_view path) {
  std::vector<CgroupRoute> found;
  const Parts parts = components(path);
  for (const Mount& mount : mounts) {
    const bool ours =
        owner.version == CgroupVersion::v2
            ? mount.type == "cgroup2"
            : mount.type == "cgroup" && mount.has_option(owner.controller);
    if (!ours) continue;
    if (auto one = route(mount, parts)) found.push_back(std::move(*one));
  }
  return found;
}

namespace probe {
namespace {

// A search for unnamed levels reads one file per folder; on a machine with more
// folders than this an answer in time is worth more.
constexpr int kMostFolders = 20'000;

bool holds(const Host& host, const std::string& folder, std::uint64_t pid) {
  const auto text = host.read(folder + "/cgroup.procs");
  if (!text) return false;
  std::string_view rest = *text;
  while (!rest.empty())
    if (parse_count(trim(take_line(rest))) == pid) return true;
  return false;
}

struct Search {
  const Host& host;
  const CgroupRoute& route;
  std::uint64_t pid;
  int& folders_left;

  // The names of the folders from `folder` down to the one whose `tail` we are
  // in, deepest first; empty where there is none.
  std::vector<std::string> below(const std::string& folder, std::size_t depth) {
    for (std::string& name : host.subdirectories(folder)) {
      if (--folders_left < 0) break;
      const std::string child = joined(folder, {name});
      if (depth == 1) {
        if (holds(host, joined(child, route.tail), pid)) return {name};
        continue;
      }
      std::vector<std::string> names = below(child, depth - 1);
      if (names.empty()) continue;
      names.push_back(std::move(name));
      return names;
    }
    return {};
  }
};

// A route that was walked.
struct Candidate {
  const Mount* mount = nullptr;
  std::vector<std::string> names;  // below the mount point
  bool complete = false;
  bool exists = true;
};

Candidate walk(const Host& host, const CgroupRoute& route, std::uint64_t pid,
               int& folders_left) {
  Candidate found{route.mount, {}, true};
  if (route.depth > 0) {
    Search search{host, route, pid, folders_left};
    found.names = search.below(route.mount->point, route.depth);
    std::reverse(found.names.begin(), found.names.end());
    if (found.names.empty()) {
      found.complete = false;
      return found;
    }
  }
  found.names.insert(found.names.end(), route.tail.begin(), route.tail.end());
  if (route.depth > 0) return found;
  while (true) {
    const Parts parts(found.names.begin(), found.names.end());
    found.exists = host.is_directory(joined(route.mount->point, parts));
    if (found.exists || found.names.empty()) return found;
    found.names.pop_back();
    found.complete = false;
  }
}

// Complete first, then the one that shows the most ancestors.
bool better(const Candidate& a, const Candidate& b) {
  if (a.exists != b.exists) return a.exists;
  if (a.complete != b.complete) return a.complete;
  return a.names.size() > b.names.size();
}

std::optional<Candidate> best_candidate(const Host& host,
                                        const std::vector<CgroupRoute>& found,
                                        std::uint64_t pid) {
  std::optional<Candidate> best;
  int folders_left = kMostFolders;
  for (const CgroupRoute& one : found) {
    // It can show no more, and may be a search.
    if (best && best->complete && best->exists &&
        best->names.size() >= one.depth + one.tail.size())
      continue;
    Candidate candidate = walk(host, one, pid, folders_left);
    if (!best || better(candidate, *best)) best = std::move(candidate);
  }
  return best;
}

std::vector<CgroupLevel> levels_of(const Candidate& candidate) {
  std::vector<CgroupLevel> levels;
  std::string folder = candidate.mount->point;
  std::string path = joined("", components(candidate.mount->root));
  levels.push_back({folder, path.empty() ? "/" : path});
  for (const std::string& name : candidate.names) {
    folder = joined(std::move(folder), {name});
    path += '/';
    path += name;
    levels.push_back({folder, path});
  }
  std::reverse(levels.begin(), levels.end());
  return levels;
}

std::string no_route(const std::vector<Mount>& mounts,
                     const CgroupOwner& owner) {
  const bool v2 = owner.version == CgroupVersion::v2;
  const bool mounted =
      std::any_of(mounts.begin(), mounts.end(), [&](const Mount& mount) {
        return v2 ? mount.type == "cgroup2"
                  : mount.type == "cgroup" &&
                        mount.has_option(owner.controller);
      });
  if (!mounted) {
    return "the cgroup hierarchy of " + in_quotes(owner.path) +
           " is not mounted here: its limits are invisible";
  }
  return "the cgroup mounts here do not show our cgroup " +
         in_quotes(owner.path) + ": its limits are invisible";
}

}  // namespace

CgroupChain cgroup_chain(const Host& host, const std::vector<Mount>& mounts,
                         const CgroupOwner& owner, std::uint64_t pid) {
  CgroupChain chain;
  chain.version = owner.version;
  if (owner.version == CgroupVersion::none) return chain;
  std::string_view path = owner.path;
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  const auto best = best_candidate(host, routes(mounts, owner, path), pid);
  if (!best) {
    chain.gap = no_route(mounts, owner);
    return chain;
  }
  chain.levels = levels_of(*best);
  if (!best->complete) {
    chain.gap = "our cgroup " + in_quotes(owner.path) +
                " cannot be seen, only its ancestors from " +
                in_quotes(chain.levels.front().folder) +
                " up: limits between are invisible";
  }
  return chain;
}

}  // namespace probe
}  // namespace fitrun
