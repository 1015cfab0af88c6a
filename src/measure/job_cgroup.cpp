#include "measure/job_cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "os/file.h"
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

Fd open_file(const std::string& folder, const char* name, int flags) {
  return Fd(::open((folder + "/" + name).c_str(), flags | O_CLOEXEC));
}

bool write_text(const Fd& fd, std::string_view text) {
  return fd && ::write(fd.get(), text.data(), text.size()) ==
                   static_cast<ssize_t>(text.size());
}

std::uint64_t value_of(std::string_view stat, std::string_view key) {
  while (!stat.empty()) {
    const std::string_view line = take_line(stat);
    if (line.size() > key.size() && line.starts_with(key) &&
        line[key.size()] == ' ')
      return parse_count(trim(line.substr(key.size()))).value_or(0);
  }
  return 0;
}

// A group beside ours must not have more memory than ours has.
void copy_limits(const std::string& from, const std::string& to) {
  for (const char* name : {"memory.max", "memory.high", "memory.swap.max"}) {
    const Fd limit = open_file(from, name, O_RDONLY);
    if (!limit) continue;
    write_text(open_file(to, name, O_WRONLY), trim(read_again(limit)));
  }
}

// Several at a time, and one that could not be removed, are no obstacle.
Result<std::string> make_folder_below(const std::string& parent) {
  const std::string start = parent + "/fitrun-" + std::to_string(::getpid());
  for (int count = 0; count < 100; ++count) {
    const std::string folder = start + "-" + std::to_string(count);
    if (::mkdir(folder.c_str(), 0755) == 0) return folder;
    if (errno != EEXIST) return path_error(folder, errno);
  }
  return path_error(start, EEXIST);
}

}  // namespace

std::uint64_t droppable_bytes(std::string_view stat, CgroupVersion version,
                              std::uint64_t kernel) {
  if (version == CgroupVersion::v1) {
    const std::uint64_t files = value_of(stat, "total_active_file") +
                                value_of(stat, "total_inactive_file");
    return files + std::min(files / 32, kernel);
  }
  return value_of(stat, "active_file") + value_of(stat, "inactive_file") +
         value_of(stat, "slab_reclaimable");
}

std::optional<std::uint64_t> parse_oom_kills(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with("oom_kill ")) return parse_count(trim(line.substr(9)));
  }
  return std::nullopt;
}

void CgroupPeak::add(const CgroupUsage& usage) {
  const auto less = [](std::uint64_t a, std::uint64_t b) {
    return a - std::min(a, b);
  };
  latest_ = less(usage.current, usage.droppable) + usage.swap;
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
    peak_ = std::max(peak_, less(*usage.mark, cache) + swap);
  }
  before_ = usage;
}

JobCgroup::JobCgroup(std::string folder, CgroupVersion version)
    : folder_(std::move(folder)), version_(version) {}

Result<bool> JobCgroup::open_files() {
  const bool v1 = version_ == CgroupVersion::v1;
  procs_ = open_file(folder_, "cgroup.procs", O_WRONLY);
  if (!procs_) return path_error(folder_ + "/cgroup.procs", errno);
  const char* const current = v1 ? "memory.usage_in_bytes" : "memory.current";
  current_ = open_file(folder_, current, O_RDONLY);
  if (!current_) return path_error(folder_ + "/" + current, errno);
  const char* const mark = v1 ? "memory.max_usage_in_bytes" : "memory.peak";
  mark_ = open_file(folder_, mark, O_RDWR);
  can_reset_ = mark_ && reset_mark();
  if (!can_reset_) mark_ = open_file(folder_, mark, O_RDONLY);
  stat_ = open_file(folder_, "memory.stat", O_RDONLY);
  if (v1) kernel_ = open_file(folder_, "memory.kmem.usage_in_bytes", O_RDONLY);
  if (!v1) swap_ = open_file(folder_, "memory.swap.current", O_RDONLY);
  events_ =
      open_file(folder_, v1 ? "memory.oom_control" : "memory.events", O_RDONLY);
  return true;
}

bool JobCgroup::reset_mark() const {
  return write_text(mark_, "0");
}

Result<JobCgroup> JobCgroup::open(const std::string& folder,
                                  CgroupVersion version) {
  JobCgroup group(folder, version);
  if (const auto opened = group.open_files(); !opened) return opened.error();
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
  std::vector<std::string> parents{own};
  // Only below a group without processes of its own, or the root, does version
  // 2 count memory; our parent is such a group if ours is counted.
  if (chain.version == CgroupVersion::v2 && chain.levels.size() > 1)
    parents.push_back(host.full(chain.levels[1].folder));

  Error why{"no memory control group"};
  for (const std::string& parent : parents) {
    const auto folder = make_folder_below(parent);
    if (!folder) {
      why = folder.error();
      continue;
    }
    JobCgroup group(*folder, chain.version);
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
  // Daemons that the job left behind go on where they would have been.
  const std::string procs = folder_ + "/cgroup.procs";
  for (int round = 0; round < 3 && ::rmdir(folder_.c_str()) != 0; ++round) {
    const auto text = read_file(procs, 1U << 20);
    if (!text) return;
    const Fd home = open_file(parent_, "cgroup.procs", O_WRONLY);
    for (const std::string_view pid : lines(*text)) write_text(home, pid);
  }
}

std::optional<CgroupUsage> JobCgroup::read() {
  const auto current = number_in(current_);
  if (!current) return std::nullopt;
  CgroupUsage usage;
  usage.current = *current;
  const std::string stat = read_again(stat_);
  usage.droppable =
      droppable_bytes(stat, version_, number_in(kernel_).value_or(0));
  usage.swap = version_ == CgroupVersion::v1 ? value_of(stat, "total_swap")
                                             : number_in(swap_).value_or(0);
  usage.mark = number_in(mark_);
  if (can_reset_ && reset_mark()) usage.mark_since = MarkSince::reading;
  return usage;
}

bool JobCgroup::hold_below(std::uint64_t bytes) const {
  const bool v1 = version_ == CgroupVersion::v1;
  const auto set = [&](const char* name, std::uint64_t value) {
    const Fd fd = open_file(folder_, name, O_WRONLY);
    return write_text(fd, std::to_string(value));
  };
  if (!set(v1 ? "memory.limit_in_bytes" : "memory.max", bytes)) return false;
  // Neither is there where the kernel does not count swap by groups.
  if (v1)
    set("memory.memsw.limit_in_bytes", bytes);
  else
    set("memory.swap.max", 0);
  return true;
}

void JobCgroup::kill_all() const {
  const auto text = read_file(folder_ + "/cgroup.procs", 1U << 20);
  if (!text) return;
  for (const std::string_view line : lines(*text)) {
    const auto pid = parse_count(trim(line));
    if (pid && *pid > 1) ::kill(static_cast<pid_t>(*pid), SIGKILL);
  }
}

std::optional<std::uint64_t> JobCgroup::oom_kills() const {
  if (!events_) return std::nullopt;
  return parse_oom_kills(read_again(events_));
}

}  // namespace fitrun
