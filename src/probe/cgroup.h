// Which cgroup this process is in, and in which folders the limits of that
// cgroup and of all its ancestors can be read.
//
// Both questions have wrong answers that look right: a controller can live in
// the old hierarchies (version 1) while the new one (version 2) is mounted
// beside them, and the path in /proc/self/cgroup and the root in mountinfo are
// both relative to a cgroup namespace, so that neither is a folder below the
// mount point by itself (cgroup_namespaces(7), cgroups(7)).

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "os/host.h"
#include "probe/mountinfo.h"

namespace fitrun {

enum class CgroupVersion { none, v1, v2 };

// A line of /proc/self/cgroup.
struct CgroupLine {
  std::string controllers;  // "cpu,cpuacct"; empty in version 2
  std::string path;
  CgroupVersion version = CgroupVersion::none;
};

// Split at the first two colons only: a path may contain more. What is not a
// path, or longer than the kernel would print one, is left out.
std::vector<CgroupLine> parse_proc_cgroup(std::string_view text);

// The hierarchy that a controller belongs to, and our path in it: version 1 if
// any of its lines lists the controller, wherever in the file; else version 2.
struct CgroupOwner {
  CgroupVersion version = CgroupVersion::none;
  std::string controller;
  std::string path;
  friend bool operator==(const CgroupOwner&, const CgroupOwner&) = default;
};
CgroupOwner owner_of(const std::vector<CgroupLine>& lines,
                     std::string_view controller);

// How our cgroup can be reached below one mount: `tail` below the mount point,
// or, where the levels between are unnamed, `tail` below some folder `depth`
// levels down.
struct CgroupRoute {
  const Mount* mount = nullptr;
  std::vector<std::string_view> tail;
  std::size_t depth = 0;
};

// The routes to `path` (which must outlive them) through the mounts of the
// owner's hierarchy; mounts that show only other parts of it are left out.
std::vector<CgroupRoute> routes(const std::vector<Mount>& mounts,
                                const CgroupOwner& owner,
                                std::string_view path);

// One cgroup: its folder, and its path as the namespace names it.
struct CgroupLevel {
  std::string folder;
  std::string path;
};

// From our cgroup up to the mount point, never above. Where something is
// missing, `gap` says what.
struct CgroupChain {
  CgroupVersion version = CgroupVersion::none;
  std::vector<CgroupLevel> levels;
  std::string gap;
};

namespace probe {

// `pid` is ours, as cgroup.procs would list it.
CgroupChain cgroup_chain(const Host& host, const std::vector<Mount>& mounts,
                         const CgroupOwner& owner, std::uint64_t pid);

}  // namespace probe
}  // namespace fitrun
