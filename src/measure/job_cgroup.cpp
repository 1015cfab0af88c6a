#include "measure/job_cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/saturate.h"
#include "base/text.h"
#include "hold/frozen_group.h"
#include "os/cgroup_folder.h"
#include "os/file.h"
#include "os/kernel_text.h"
#include "probe/cgroup_files.h"
#include "probe/self.h"

namespace fitrun {
namespace {

// The whole of an open file of the kernel's, from its beginning.
std::string read_again(const Fd& fd) {
  std::string text(16384, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t n = ::pread(fd.get(), text.data() + used, text.size() - used,
                              static_cast<off_t>(used));
    if (n <= 0) break;
    used += static_cast<std::size_t>(n);
  }
  text.resize(used);
  return text;
}

std::optional<std::uint64_t> number_in(const Fd& fd) {
  if (!fd) return std::nullopt;
  return parse_count(trim(read_again(fd)));
}

// A group beside ours must not have more memory than ours has.
void copy_limits(const std::string& from, const std::string& to) {
  for (const char* name :
       {kMemoryFiles2.limit, kMemoryFiles2.high, kMemoryFiles2.swap_limit}) {
    const Fd limit = open_cgroup_file(from, name, O_RDONLY);
    if (!limit) continue;
    write_cgroup_file(open_cgroup_file(to, name, O_WRONLY),
                      trim(read_again(limit)));
  }
}

constexpr std::string_view kPrefix = "fitrun-";

// Removes what makers that were killed have left. The kernel refuses where
// there are processes still, and where it is another user's.
void sweep(const Host& host, const std::string& parent) {
  for (const auto& left : abandoned_cgroup_folders(host, parent, kPrefix))
    ::rmdir(left.path.c_str());
}

}  // namespace

std::uint64_t droppable_bytes(const MemoryStat& stat, CgroupVersion version,
                              std::uint64_t kernel) {
  const auto sum = [](std::optional<std::uint64_t> a,
                      std::optional<std::uint64_t> b) {
    return add(a.value_or(0), b.value_or(0));
  };
  if (version == CgroupVersion::v1) {
    const std::uint64_t files =
        sum(stat.total_active_file, stat.total_inactive_file);
    return add(files, std::min(files / 32, kernel));
  }
  return sum(sum(stat.active_file, stat.inactive_file), stat.slab_reclaimable);
}

std::optional<std::uint64_t> parse_oom_kills(std::string_view text) {
  return count_field(text, "oom_kill");
}

void CgroupPeak::add(const CgroupUsage& usage) {
  latest_ = subtract(usage.current, usage.droppable) + usage.swap;
  peak_ = std::max(peak_, latest_);
  largest_cache_ = std::max(largest_cache_, usage.droppable);
  // A mark since the start that has not moved belongs to an earlier stretch.
  // Of one that belongs to this, the larger of the caches around it was cache.
  const CgroupUsage before = before_.value_or(CgroupUsage{});
  const bool of_this_stretch = usage.mark_since == MarkSince::reading ||
                               !before.mark || usage.mark != before.mark;
  if (usage.mark && of_this_stretch) {
    const std::uint64_t cache = std::max(before.droppable, usage.droppable);
    const std::uint64_t swap = std::min(before.swap, usage.swap);
    peak_ = std::max(peak_, subtract(*usage.mark, cache) + swap);
  }
  before_ = usage;
}

JobCgroup::JobCgroup(std::string folder, CgroupVersion version)
    : folder_(std::move(folder)), version_(version) {}

Result<void> JobCgroup::open_files(Access access) {
  const MemoryFiles& files = memory_files(version_);
  const bool use = access == Access::use;
  if (use) procs_ = open_cgroup_file(folder_, kCgroupProcs, O_WRONLY);
  if (use && !procs_) return path_error(folder_ + "/" + kCgroupProcs, errno);
  usage_ = open_cgroup_file(folder_, files.usage, O_RDONLY);
  if (!usage_) return path_error(folder_ + "/" + files.usage, errno);
  if (use) mark_ = open_cgroup_file(folder_, files.peak, O_RDWR);
  can_reset_ = mark_ && reset_mark();
  if (!can_reset_) mark_ = open_cgroup_file(folder_, files.peak, O_RDONLY);
  stat_ = open_cgroup_file(folder_, kMemoryStat, O_RDONLY);
  events_ = open_cgroup_file(folder_, files.events, O_RDONLY);
  if (version_ == CgroupVersion::v1)
    kernel_ = open_cgroup_file(folder_, files.kernel_usage, O_RDONLY);
  else
    swap_ = open_cgroup_file(folder_, files.swap_usage, O_RDONLY);
  return {};
}

bool JobCgroup::reset_mark() const {
  return write_cgroup_file(mark_, "0");
}

Result<JobCgroup> JobCgroup::open(const std::string& folder,
                                  CgroupVersion version, Access access) {
  JobCgroup group(folder, version);
  if (const auto opened = group.open_files(access); !opened)
    return opened.error();
  return group;
}

Result<JobCgroup> JobCgroup::make(const Host& host,
                                  const Environment& environment) {
  probe::Self self(host, environment);
  const CgroupChain& chain = self.chain("memory");
  if (chain.levels.empty()) {
    return Error{chain.gap.empty() ? "no memory control group is mounted"
                                   : chain.gap};
  }
  const std::string own = host.full(chain.levels[0].folder);
  std::vector<std::string> parents{chain.levels[0].folder};
  // Only below a group without processes of its own, or the root, does version
  // 2 count memory; our parent is such a group if ours is counted.
  if (chain.version == CgroupVersion::v2 && chain.levels.size() > 1)
    parents.push_back(chain.levels[1].folder);

  Error why{"no memory control group"};
  for (const std::string& visible : parents) {
    const std::string parent = host.full(visible);
    sweep(host, visible);
    auto folder = make_cgroup_folder(parent, kPrefix);
    if (!folder) {
      why = folder.error();
      continue;
    }
    JobCgroup group(folder->path, chain.version);
    group.lock_ = std::move((*folder).lock);
    group.parent_ = own;
    if (parent != own) copy_limits(own, group.folder_);
    const auto opened = group.open_files();
    if (opened) return group;
    why = opened.error();
  }
  return why;
}

JobCgroup::~JobCgroup() {
  if (parent_.empty() || folder_.empty()) return;
  // Who is held in a group below it, too.
  for (const std::string& name : Host().subdirectories(folder_))
    if (name.starts_with(kFrozenPrefix))
      dissolve_frozen(folder_ + "/" + name, parent_);
  // Daemons that the job left behind go on where they would have been.
  dissolve_cgroup(folder_, parent_);
}

std::optional<CgroupUsage> JobCgroup::read() {
  const auto current = number_in(usage_);
  if (!current) return std::nullopt;
  CgroupUsage usage;
  usage.current = *current;
  const MemoryStat stat = parse_memory_stat(read_again(stat_));
  usage.droppable =
      droppable_bytes(stat, version_, number_in(kernel_).value_or(0));
  usage.swap =
      (version_ == CgroupVersion::v1 ? stat.total_swap : number_in(swap_))
          .value_or(0);
  usage.mark = number_in(mark_);
  if (can_reset_ && reset_mark()) usage.mark_since = MarkSince::reading;
  return usage;
}

bool JobCgroup::hold_below(std::uint64_t bytes) const {
  const MemoryFiles& files = memory_files(version_);
  const auto set = [&](const char* name, std::uint64_t value) {
    const Fd fd = open_cgroup_file(folder_, name, O_WRONLY);
    return write_cgroup_file(fd, std::to_string(value));
  };
  if (!set(files.limit, bytes)) return false;
  // Not there where the kernel does not count swap by groups.
  set(files.swap_limit, version_ == CgroupVersion::v1 ? bytes : 0);
  return true;
}

void JobCgroup::kill_all() const {
  const auto text = read_file(folder_ + "/" + kCgroupProcs, 1U << 20);
  if (!text) return;
  for (const pid_t pid : parse_cgroup_procs(*text))
    if (pid > 1) ::kill(pid, SIGKILL);
}

std::optional<std::uint64_t> JobCgroup::oom_kills() const {
  if (!events_) return std::nullopt;
  return parse_oom_kills(read_again(events_));
}

}  // namespace fitrun
