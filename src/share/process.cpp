#include "share/process.h"

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace fitrun {
namespace {

// Trying so many pids costs less than listing all processes.
constexpr pid_t kFew = 64;

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
        host.read(proc_path(pids[member.parent], "status"));
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

LeaseTree read_process_tree(const Host& host,
                            const std::vector<ProcessStat>& roots,
                            std::size_t most, const ProcessTable* table) {
  const std::vector<ProcessStat> stats = read_tree(host, roots, most, table);
  LeaseTree tree;
  std::vector<TreeMember> members;
  for (const ProcessStat& stat : stats) {
    tree.pids.push_back(stat.pid);
    members.push_back(
        {TreeMember::kNoParent,
         stat.anonymous ? *stat.anonymous : read_anonymous(host, stat), 0,
         stat.stack_start});
    if (members.back().anonymous > 0) tree.large.push_back(stat.pid);
  }
  link(stats, members);
  add_peaks(host, tree.pids, members);
  tree.used = least_used(members);
  return tree;
}

std::optional<pid_t> parse_last_pid(std::string_view text) {
  const std::vector<std::string_view> fields = words(trim(text));
  return fields.size() == 5 ? parse_pid(fields[4]) : std::nullopt;
}

MarkSearch::Outcome MarkSearch::look_at(pid_t pid) {
  Result<std::string> text = host_.read(proc_path(pid, "environ"));
  if (text && text->empty()) {
    const auto program = read_program(host_, pid);
    if (!program) return Outcome::complete;
    text = host_.read(proc_path(pid, "environ"));
    if (*program == 0 || read_program(host_, pid) != program)
      return Outcome::between;
  }
  if (!text)
    return text.error().code == ENOENT || text.error().code == ESRCH
               ? Outcome::ended
               : Outcome::complete;
  const std::string_view mark = variable_in(*text, variable_);
  if (std::find(marks_.begin(), marks_.end(), mark) != marks_.end())
    found_.push_back({pid, std::string(mark)});
  return Outcome::complete;
}

MarkSearch::Outcome MarkSearch::look(const PidRange& range) {
  std::vector<pid_t> pids;
  if (range.after <= range.last && range.last - range.after <= kFew)
    for (pid_t pid = range.after; pid < range.last;) pids.push_back(++pid);
  else
    pids = list_processes(host_);
  Outcome outcome = Outcome::complete;
  const auto before = static_cast<std::ptrdiff_t>(read_.size());
  for (const pid_t pid : pids) {
    if (!range.contains(pid) ||
        std::binary_search(read_.begin(), read_.begin() + before, pid))
      continue;
    const Outcome one = look_at(pid);
    outcome = std::max(outcome, one);
    if (one != Outcome::between) read_.push_back(pid);
  }
  std::sort(read_.begin(), read_.end());
  return outcome;
}

}  // namespace fitrun
