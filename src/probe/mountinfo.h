// /proc/self/mountinfo: where the cgroup hierarchies can be seen, and whether
// /proc/meminfo is the kernel's.
//
// Two things surprise. `root` is the folder of the hierarchy that is seen at
// the mount point, relative to the cgroup namespace: "/" may be any cgroup, and
// "/../.." is one two levels above the namespace. And paths are octal-escaped
// here ("\040" for a blank), while those in /proc/self/cgroup are not
// (Documentation/filesystems/proc.rst, 3.5; cgroup_namespaces(7)).

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fitrun {

struct Mount {
  std::string root;     // unescaped, as is `point`
  std::string point;    // where it is mounted
  std::string type;     // "cgroup2", "cgroup", "fuse.lxcfs"
  std::string options;  // of the file system: "rw,memory"

  // Whether `word` is among the options.
  bool has_option(std::string_view word) const;
};

// The mounts of the three types above, in the order of the file, without those
// that a later mount on the same point hides.
std::vector<Mount> parse_mountinfo(std::string_view text);

// Whether `line` of the file is one that parse_mountinfo() looks at.
bool is_cgroup_mount_line(std::string_view line);

// "a\040b" as "a b".
std::string unescape_octal(std::string_view text);

}  // namespace fitrun
