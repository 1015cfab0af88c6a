// What the files of /proc say of this process, each read at most once and only
// when somebody asks: the sources of RAM, of CPUs and of process counts share
// them, and a launch pays for what it needs.
//
//   ram            asks, in this order
//    |- host_memory    meminfo, zoneinfo, zfs,   what the machine has
//    |                 sysinfo
//    |- numa           zoneinfo, meminfo         nodes that are not ours
//    |- cgroup_memory  cgroup                    each level up to the mount
//    |- slurm                                    if no level has a limit
//    `- limits                                   what caps one process
//   cpus           cgroup, batch                 affinity, quotas, promises
//   worker_caps    cgroup, limits, status        how many processes
//   pressure       cgroup                        stalls
//
// The middle column is parsers, which take text. `cgroup` finds the folders of
// our cgroups with what mountinfo says.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "os/environment.h"
#include "os/host.h"
#include "probe/cgroup.h"
#include "probe/limits.h"
#include "probe/meminfo.h"
#include "probe/mountinfo.h"
#include "probe/status.h"
#include "probe/zoneinfo.h"

namespace fitrun::probe {

class Self {
 public:
  // Both must outlive this. With `member` the cgroups are those of that
  // process; the error of cgroups() may be that it is gone.
  Self(const Host& host, const Environment& environment, pid_t member = 0)
      : host_(host), environment_(environment), member_(member) {}

  const Host& host() const { return host_; }
  const Environment& environment() const { return environment_; }

  const Result<Meminfo>& meminfo();
  const std::vector<ZoneNode>& zones();  // empty where there is no zoneinfo
  const Status& status();  // all empty where the file could not be read
  Rights rights();         // of system calls where this is our machine
  const Limits& limits();  // the same; else empty where there is no file
  const std::vector<Mount>& mounts();
  const Result<std::vector<CgroupLine>>& cgroups();

  // Bytes; 4096 where the machine does not say.
  std::uint64_t page_size();

  // Whether /proc/meminfo is written by lxcfs.
  bool has_lxcfs_meminfo();

  // Our cgroups in the hierarchy of `controller`; of version 2 for "". The
  // reference stays valid.
  const CgroupChain& chain(std::string_view controller);

 private:
  std::uint64_t pid();

  const Host& host_;
  const Environment& environment_;
  pid_t member_;  // 0: this process
  std::optional<Result<Meminfo>> meminfo_;
  std::optional<std::vector<ZoneNode>> zones_;
  std::optional<Status> status_;
  std::optional<Limits> limits_;
  std::optional<std::vector<Mount>> mounts_;
  std::optional<Result<std::vector<CgroupLine>>> cgroups_;
  std::optional<std::uint64_t> page_size_;
  // Few: all controllers of version 2 share one. By owner, without controller
  // in version 2.
  std::deque<std::pair<CgroupOwner, CgroupChain>> chains_;
};

// The page size in the binary text of /proc/self/auxv (getauxval(3)), bytes.
std::optional<std::uint64_t> page_size_in_auxv(std::string_view auxv);

}  // namespace fitrun::probe
