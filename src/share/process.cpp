#include "share/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "os/fd.h"

namespace fitrun {
namespace {

// Processes this small are not asked for details: they count as nothing.
constexpr std::uint64_t kTrifle = 4U << 20;
// Trying so many pids costs less than listing all processes.
constexpr pid_t kFew = 64;

std::uint64_t page_size() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::string folder_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

std::optional<pid_t> parse_pid(std::string_view text) {
  const std::optional<std::uint64_t> n = parse_count(text);
  if (!n || *n == 0 || *n > std::numeric_limits<pid_t>::max())
    return std::nullopt;
  return static_cast<pid_t>(*n);
}

// Each thread lists the children that it forked itself.
std::vector<ProcessStat> children(const Host& host, const ProcessStat& stat) {
  const std::string task = folder_of(stat.pid) + "/task/";
  std::vector<std::string> threads = {std::to_string(stat.pid)};
  if (stat.threads > 1) threads = host.list(task);
  std::vector<ProcessStat> found;
  for (const std::string& thread : threads) {
    const Result<std::string> text = host.read(task + thread + "/children");
    if (!text) continue;
    for (const std::string_view word : words(trim(*text))) {
      const auto pid = parse_pid(word);
      const auto child = pid ? read_process_stat(host, *pid) : std::nullopt;
      if (child) found.push_back(*child);
    }
  }
  return found;
}

// Tells each member which other one is its parent.
void link(const std::vector<ProcessStat>& stats,
          std::vector<TreeMember>& members) {
  if (members.size() < 2) return;
  std::unordered_map<pid_t, std::size_t> index;
  for (std::size_t i = 0; i < members.size(); ++i) index[stats[i].pid] = i;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (const auto found = index.find(stats[i].parent); found != index.end())
      members[i].parent = found->second;
}

// The peak where it matters: of parents with children of the same image.
void add_peaks(const Host& host, const std::vector<pid_t>& pids,
               std::vector<TreeMember>& members) {
  for (const TreeMember& member : members) {
    if (member.parent == TreeMember::kNoParent || member.anonymous == 0)
      continue;
    TreeMember& parent = members[member.parent];
    if (parent.stack_start != member.stack_start || parent.peak > 0) continue;
    const Result<std::string> text =
        host.read(folder_of(pids[member.parent]) + "/status");
    const auto peak = text ? parse_peak(*text) : std::nullopt;
    parent.peak = peak.value_or(std::numeric_limits<std::uint64_t>::max());
  }
}

// The value of `variable` in the text of /proc/PID/environ, or "".
std::string_view variable_in(std::string_view environment,
                             std::string_view variable) {
  std::size_t at = 0;
  while ((at = environment.find(variable, at)) != std::string_view::npos) {
    const std::size_t equals = at + variable.size();
    if ((at == 0 || environment[at - 1] == '\0') &&
        environment.substr(equals).starts_with('=')) {
      const std::string_view value = environment.substr(equals + 1);
      return value.substr(0, value.find('\0'));
    }
    at = equals;
  }
  return {};
}

}  // namespace

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
  const auto threads = parse_count(fields[20 - 2]);
  const auto start = parse_count(fields[22 - 2]);
  const auto resident = parse_count(fields[24 - 2]);
  const auto stack_start = parse_count(fields[28 - 2]);
  if (!parent || !threads || !start || !resident || !stack_start ||
      *parent > std::numeric_limits<pid_t>::max())
    return std::nullopt;
  return ProcessStat{
      *pid,        fields[1][0], static_cast<pid_t>(*parent),
      *threads,    *start,       std::min(*resident, std::uint64_t{1} << 48),
      *stack_start};
}

std::optional<std::uint64_t> parse_anonymous_pages(std::string_view text) {
  const std::vector<std::string_view> fields = words(trim(text));
  if (fields.size() < 3) return std::nullopt;
  const auto resident = parse_count(fields[1]);
  const auto shared = parse_count(fields[2]);
  if (!resident || !shared) return std::nullopt;
  return *resident > *shared ? *resident - *shared : 0;
}

std::optional<std::uint64_t> parse_peak(std::string_view text) {
  for (const std::string_view line : lines(text)) {
    if (!line.starts_with("VmHWM:")) continue;
    const std::vector<std::string_view> parts = words(trim(line.substr(6)));
    const auto kib = parts.empty() ? std::nullopt : parse_count(parts[0]);
    if (!kib || *kib > std::uint64_t{1} << 52) return std::nullopt;
    return *kib * 1024;
  }
  return std::nullopt;
}

bool has_ended(const ProcessStat& stat) {
  return (stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1;
}

std::uint64_t least_used(const std::vector<TreeMember>& members) {
  std::uint64_t used = 0;
  // Of members with the same image whose common parent is not seen, only the
  // largest counts.
  std::unordered_map<std::uint64_t, std::uint64_t> largest;
  for (const TreeMember& member : members) {
    const TreeMember* parent = member.parent == TreeMember::kNoParent
                                   ? nullptr
                                   : &members[member.parent];
    if (parent && parent->stack_start == member.stack_start) {
      if (member.anonymous > parent->peak)
        used += member.anonymous - parent->peak;
    } else {
      std::uint64_t& most = largest[member.stack_start];
      most = std::max(most, member.anonymous);
    }
  }
  for (const auto& [image, most] : largest) used += most;
  return used;
}

// With three system calls, where Host::read takes four: it is asked for every
// lease, and the kernel gives the one line of this file in one piece.
std::optional<ProcessStat> read_process_stat(const Host& host, pid_t pid) {
  const std::string path = host.full("/proc/") + std::to_string(pid) + "/stat";
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char text[2048];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : -1;
  if (n <= 0) return std::nullopt;
  return parse_process_stat({text, static_cast<std::size_t>(n)});
}

std::uint64_t read_anonymous(const Host& host, const ProcessStat& stat) {
  if (stat.resident * page_size() < kTrifle) return 0;
  const Result<std::string> text = host.read(folder_of(stat.pid) + "/statm");
  if (!text) return 0;
  return parse_anonymous_pages(*text).value_or(0) * page_size();
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

LeaseTree read_process_tree(const Host& host, std::vector<ProcessStat> roots,
                            std::size_t most, const ProcessTable* table) {
  LeaseTree tree;
  std::vector<TreeMember> members;
  std::vector<ProcessStat>& open = roots;
  std::unordered_set<pid_t> seen;
  for (const ProcessStat& root : roots) seen.insert(root.pid);
  const auto add = [&](std::span<const ProcessStat> found) {
    for (const ProcessStat& child : found)
      if (!has_ended(child) && seen.insert(child.pid).second)
        open.push_back(child);
  };
  for (std::size_t i = 0; i < open.size() && i < most; ++i) {
    tree.pids.push_back(open[i].pid);
    members.push_back(
        {TreeMember::kNoParent,
         open[i].anonymous ? *open[i].anonymous : read_anonymous(host, open[i]),
         0, open[i].stack_start});
    if (table)
      add(table->children(open[i].pid));
    else
      add(children(host, open[i]));
  }
  link(open, members);
  add_peaks(host, tree.pids, members);
  tree.used = least_used(members);
  return tree;
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

std::optional<pid_t> parse_last_pid(std::string_view text) {
  const std::vector<std::string_view> fields = words(trim(text));
  return fields.size() == 5 ? parse_pid(fields[4]) : std::nullopt;
}

std::vector<MarkedProcess> find_marked(const Host& host,
                                       std::string_view variable,
                                       const std::vector<std::string>& marks,
                                       const PidRange& range) {
  std::vector<pid_t> pids;
  if (range.after <= range.last && range.last - range.after <= kFew)
    for (pid_t pid = range.after; pid < range.last;) pids.push_back(++pid);
  else
    pids = list_processes(host);
  std::vector<MarkedProcess> found;
  for (const pid_t pid : pids) {
    if (!range.contains(pid)) continue;
    const Result<std::string> text = host.read(folder_of(pid) + "/environ");
    if (!text) continue;
    const std::string_view mark = variable_in(*text, variable);
    if (std::find(marks.begin(), marks.end(), mark) != marks.end())
      found.push_back({pid, std::string(mark)});
  }
  return found;
}

}  // namespace fitrun
