// A control group made for one run, in which the kernel counts its memory.
//
// The kernel's high-water mark (memory.peak, Linux 5.19; max_usage_in_bytes in
// version 1) is exact, but counts the page cache, which is no need of the job:
// reading a file of 500 MB is a peak of 500 MB. The file pages on the LRU lists
// are therefore taken off, which leaves tmpfs and shared memory in. As both
// change, this is done for the stretch between two readings, with the mark set
// back at each: memory.peak since Linux 6.12, max_usage_in_bytes always.
//
// What surprises: a group can often not be made (containers mount
// /sys/fs/cgroup read-only, users own nothing below it), and that is no error.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/environment.h"
#include "os/fd.h"
#include "os/host.h"
#include "probe/cgroup.h"
#include "probe/cgroup_memory.h"

namespace fitrun {

// What a mark speaks of: the time since the reading before, or since the
// beginning.
enum class MarkSince { reading, start };

// One reading, bytes.
struct CgroupUsage {
  std::uint64_t current = 0;
  std::optional<std::uint64_t> mark;  // the kernel's, where it keeps one
  MarkSince mark_since = MarkSince::start;
  std::uint64_t droppable = 0;  // file pages, and the slab that goes with them
  std::uint64_t swap = 0;
};

// What can be dropped by memory.stat: active_file, inactive_file and
// slab_reclaimable. Version 1 (the total_ ones, which count descendants too)
// does not say what of `kernel`, memory.kmem.usage_in_bytes, goes with the
// pages: their buffer heads and tree nodes, about a 32nd part of them (measured
// on ext4, Linux 6.18), at most all of it.
std::uint64_t droppable_bytes(const MemoryStat& stat, CgroupVersion version,
                              std::uint64_t kernel);

// The count on the "oom_kill" line of memory.events, memory.oom_control or
// /proc/vmstat; empty where there is none (before Linux 4.13).
std::optional<std::uint64_t> parse_oom_kills(std::string_view text);

// The largest need among readings. Pure.
class CgroupPeak {
 public:
  void add(const CgroupUsage& usage);

  std::uint64_t peak() const { return peak_; }
  std::uint64_t latest() const { return latest_; }
  std::uint64_t largest_cache() const { return largest_cache_; }

 private:
  std::optional<CgroupUsage> before_;
  std::uint64_t peak_ = 0;
  std::uint64_t latest_ = 0;
  std::uint64_t largest_cache_ = 0;
};

class JobCgroup {
 public:
  // Below our own memory group; in version 2, where processes and children do
  // not go together, beside it, with its limits. The error says why not. What
  // others that were killed have left there is removed first.
  static Result<JobCgroup> make(const Host& host,
                                const Environment& environment);

  // What is done with a group: children start in it and its mark is set back,
  // or it is only read.
  enum class Access { use, look };

  // One that exists, of which somebody else (systemd) takes care.
  static Result<JobCgroup> open(const std::string& folder,
                                CgroupVersion version,
                                Access access = Access::use);

  JobCgroup(JobCgroup&&) noexcept = default;
  JobCgroup& operator=(JobCgroup&&) = delete;
  // Moves processes that are left to our own group and removes the folder.
  ~JobCgroup();

  // A descriptor of cgroup.procs for ChildSpec.
  int procs() const { return procs_.get(); }
  const std::string& folder() const { return folder_; }
  CgroupVersion version() const { return version_; }
  // Whether the kernel keeps a mark, and whether it can be set back.
  bool has_mark() const { return static_cast<bool>(mark_); }
  bool can_reset() const { return can_reset_; }

  // Has the kernel end what takes more than this in the group, swap included.
  // False where it cannot be had.
  bool hold_below(std::uint64_t bytes) const;

  void kill_all() const;

  // Reads, and sets the mark back where possible. Empty once it is gone.
  std::optional<CgroupUsage> read();
  std::optional<std::uint64_t> oom_kills() const;

 private:
  JobCgroup(std::string folder, CgroupVersion version);
  Result<void> open_files(Access access = Access::use);
  bool reset_mark() const;

  std::string folder_;
  std::string parent_;  // empty: not ours to remove
  CgroupVersion version_;
  Fd lock_;  // says to others that its maker lives
  Fd procs_, usage_, mark_, stat_, swap_, kernel_, events_;
  bool can_reset_ = false;
};

}  // namespace fitrun
