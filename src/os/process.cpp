#include "os/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <unordered_set>
#include <utility>

#include "base/saturate.h"
#include "base/text.h"
#include "os/fd.h"

namespace fitrun {
namespace {

using StatBuffer = std::array<char, 2048>;

// With three system calls, where Host::read takes four: it is asked for every
// lease, and the kernel gives the one line of this file in one piece.
std::string_view read_stat_text(const Host& host, pid_t pid,
                                StatBuffer& buffer) {
  const std::string path = host.full(proc_path(pid, "stat"));
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const ssize_t n = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
  return {buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

}  // namespace

std::optional<pid_t> parse_pid(std::string_view text) {
  const std::optional<std::uint64_t> n = parse_count(text);
  if (!n || *n == 0 || *n > std::numeric_limits<pid_t>::max())
    return std::nullopt;
  return static_cast<pid_t>(*n);
}

std::string proc_path(pid_t pid, std::string_view file) {
  std::string path = "/proc/" + std::to_string(pid) + "/";
  return path.append(file);
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const auto pid = parse_pid(text.substr(0, text.find(' ')));
  if (!pid) return std::nullopt;
  // The name is near the front, and rfind() would look at each letter behind.
  const void* const name_end = ::memrchr(text.data(), ')', text.size());
  if (!name_end) return std::nullopt;
  text = {static_cast<const char*>(name_end) + 1, text.end()};
  // fields[0] is the rest of what the manual page numbers 2: nothing. Each has
  // a blank behind it.
  std::array<std::string_view, 28 - 1> fields;
  for (std::string_view& field : fields) {
    const std::size_t end = text.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    field = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (!fields[0].empty() || fields[1].size() != 1) return std::nullopt;
  const auto parent = parse_count(fields[4 - 2]);
  const auto session = parse_count(fields[6 - 2]);
  const auto user_time = parse_count(fields[14 - 2]);
  const auto kernel_time = parse_count(fields[15 - 2]);
  const auto threads = parse_count(fields[20 - 2]);
  const auto start = parse_count(fields[22 - 2]);
  const auto resident = parse_count(fields[24 - 2]);
  const auto stack_start = parse_count(fields[28 - 2]);
  if (!parent || !threads || !start || !resident || !stack_start ||
      *parent > std::numeric_limits<pid_t>::max())
    return std::nullopt;
  ProcessStat stat{
      *pid,        fields[1][0], static_cast<pid_t>(*parent),
      *threads,    *start,       std::min(*resident, std::uint64_t{1} << 48),
      *stack_start};
  if (session && *session <= std::numeric_limits<pid_t>::max())
    stat.session = static_cast<pid_t>(*session);
  stat.processor_ticks = add(user_time.value_or(0), kernel_time.value_or(0));
  return stat;
}

std::uint64_t parse_pending_signals(std::string_view status) {
  std::uint64_t pending = 0;
  while (!status.empty()) {
    const std::string_view line = take_line(status);
    if (!line.starts_with("SigPnd:") && !line.starts_with("ShdPnd:")) continue;
    const std::string_view hex = trim(line.substr(7));
    std::uint64_t mask = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), mask, 16);
    pending |= mask;
  }
  return pending;
}

std::optional<ProcessStat> read_process_stat(const Host& host, pid_t pid) {
  StatBuffer buffer;
  return parse_process_stat(read_stat_text(host, pid, buffer));
}

bool has_ended(const ProcessStat& stat) {
  return (stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1;
}

// What has no memory has no link to a program; one call tells, and root meets
// hundreds of kernel threads. The end of the environment is the last address
// that execve(2) sets (create_elf_tables in fs/binfmt_elf.c), and the last word
// but one in the file.
std::optional<std::uint64_t> read_program(const Host& host, pid_t pid) {
  char link;
  const std::string path = host.full(proc_path(pid, "exe"));
  if (::readlink(path.c_str(), &link, 1) < 0) return std::nullopt;
  StatBuffer buffer;
  const std::vector<std::string_view> fields =
      words(trim(read_stat_text(host, pid, buffer)));
  return fields.size() < 52 ? std::nullopt
                            : parse_count(fields[fields.size() - 2]);
}

std::vector<pid_t> list_processes(const Host& host, std::size_t most) {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(
      ::opendir(host.full("/proc").c_str()), ::closedir);
  if (!dir) return pids;
  while (const dirent* const entry = ::readdir(dir.get())) {
    const auto pid = parse_pid(entry->d_name);
    if (!pid) continue;
    if (pids.size() == most) return {};
    pids.push_back(*pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

// Each thread lists the children that it forked itself.
std::vector<pid_t> read_children(const Host& host, const ProcessStat& parent) {
  const std::string task = proc_path(parent.pid, "task/");
  std::vector<std::string> threads = {std::to_string(parent.pid)};
  if (parent.threads > 1) threads = host.list(task);
  std::vector<pid_t> pids;
  for (const std::string& thread : threads) {
    const Result<std::string> text = host.read(task + thread + "/children");
    if (!text) continue;
    for (const std::string_view word : words(trim(*text)))
      if (const auto pid = parse_pid(word)) pids.push_back(*pid);
  }
  return pids;
}

ProcessTable::ProcessTable(std::vector<ProcessStat> processes)
    : by_pid_(std::move(processes)), by_parent_(by_pid_) {
  std::ranges::sort(by_pid_, {}, &ProcessStat::pid);
  std::ranges::sort(by_parent_, {}, &ProcessStat::parent);
}

const ProcessStat* ProcessTable::find(pid_t pid) const {
  const auto at = std::ranges::lower_bound(by_pid_, pid, {}, &ProcessStat::pid);
  return at != by_pid_.end() && at->pid == pid ? &*at : nullptr;
}

std::span<const ProcessStat> ProcessTable::children(pid_t parent) const {
  const auto key = &ProcessStat::parent;
  return {std::ranges::lower_bound(by_parent_, parent, {}, key),
          std::ranges::upper_bound(by_parent_, parent, {}, key)};
}

std::vector<ProcessStat> read_tree(const Host& host,
                                   const std::vector<ProcessStat>& roots,
                                   std::size_t most,
                                   const ProcessTable* table) {
  std::unordered_set<pid_t> seen;
  std::vector<ProcessStat> tree;
  const auto add = [&](const ProcessStat& process) {
    if (!has_ended(process) && tree.size() < most) tree.push_back(process);
  };
  for (const ProcessStat& root : roots)
    if (seen.insert(root.pid).second) add(root);
  for (std::size_t i = 0; i < tree.size() && tree.size() < most; ++i) {
    if (table) {
      for (const ProcessStat& child : table->children(tree[i].pid))
        if (seen.insert(child.pid).second) add(child);
      continue;
    }
    for (const pid_t pid : read_children(host, tree[i])) {
      if (!seen.insert(pid).second) continue;
      if (const auto child = read_process_stat(host, pid)) add(*child);
    }
  }
  return tree;
}

}  // namespace fitrun
