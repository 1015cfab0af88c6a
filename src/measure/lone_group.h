// What the kernel counts in the memory group that a run was started in, where
// nobody but the run is in it: a container of its own, a scope of systemd's.
//
// A figure of a group that others share says nothing about the run. Whether
// there are others is looked at again and again: processes that are in the
// group and not in the tree at two looks in a row. The kernel's mark was there
// before the run, and speaks of it only once it has moved.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "measure/job_cgroup.h"
#include "os/host.h"

namespace fitrun {

// Those on the lines of cgroup.procs that are not in `tree`, sorted. Pure.
std::vector<pid_t> strangers(std::string_view procs, std::vector<pid_t> tree);

class LoneGroup {
 public:
  // Our own group; `host` is the running machine. Nothing where it has others
  // below it, or cannot be read.
  explicit LoneGroup(const Host& host);

  // `tree` are the processes of the run; ours is no stranger either.
  void look(const std::vector<pid_t>& tree);

  // Bytes without what can be dropped, as CgroupPeak; 0 while nothing is known.
  std::uint64_t peak() const;
  // At the last look.
  std::uint64_t latest() const;
  // Whether that is the most that there was, and not the most that was seen.
  bool counted() const { return alone() && counted_; }
  // By the kernel, since the first look.
  std::optional<std::uint64_t> oom_kills() const;

 private:
  bool alone() const { return group_ && looks_ > 1; }

  Host host_;
  std::optional<JobCgroup> group_;
  std::vector<pid_t> unknown_;  // at the last look
  CgroupPeak usage_;
  std::optional<std::uint64_t> first_mark_;
  std::uint64_t kills_before_ = 0;
  std::optional<std::uint64_t> kills_;
  std::uint64_t looks_ = 0;
  bool counted_ = false;
};

}  // namespace fitrun
