#include "measure/process_tree.h"

#include <time.h>

#include <algorithm>
#include <limits>
#include <string>

#include "base/bytes.h"
#include "base/text.h"

namespace fitrun {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using Clock = std::chrono::steady_clock;

std::string in_proc(pid_t pid, std::string_view file) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(file);
}

// "   123 kB" in bytes.
std::optional<std::uint64_t> kib(std::string_view text) {
  text = trim(text);
  if (!text.ends_with(" kB")) return std::nullopt;
  const auto count = parse_count(trim(text.substr(0, text.size() - 3)));
  if (!count || *count > std::numeric_limits<std::uint64_t>::max() / 1024)
    return std::nullopt;
  return *count * 1024;
}

// A "Name:   123 kB" line, in bytes.
std::optional<std::uint64_t> size_in(std::string_view text,
                                     std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.size() > name.size() && line.starts_with(name) &&
        line[name.size()] == ':')
      return kib(line.substr(name.size() + 1));
  }
  return std::nullopt;
}

// Of this thread. On a busy machine a look takes long without costing much.
microseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) +
         duration_cast<microseconds>(std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

std::optional<ResidentSize> parse_resident(std::string_view text) {
  const auto own = size_in(text, "RssAnon");
  if (!own) return std::nullopt;
  return ResidentSize{*own + size_in(text, "VmSwap").value_or(0),
                      size_in(text, "RssShmem").value_or(0),
                      size_in(text, "RssFile").value_or(0)};
}

std::optional<std::uint64_t> parse_rollup(std::string_view text) {
  const auto anon = size_in(text, "Pss_Anon");
  const auto shmem = size_in(text, "Pss_Shmem");
  const std::uint64_t swap = size_in(text, "SwapPss").value_or(0);
  if (anon && shmem) return *anon + *shmem + swap;
  if (const auto all = size_in(text, "Pss")) return *all + swap;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_start_time(std::string_view text) {
  // The second field is the name in parentheses, and may hold anything.
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  const auto fields = words(trim(text.substr(end + 1)));
  constexpr std::size_t kStartTime = 22 - 3;  // the first is field 3
  if (fields.size() <= kStartTime) return std::nullopt;
  return parse_count(fields[kStartTime]);
}

std::vector<pid_t> children_of(const Host& host, pid_t pid) {
  std::vector<pid_t> children;
  for (const std::string& task : host.list(in_proc(pid, "task"))) {
    const auto text = host.read(in_proc(pid, "task/" + task + "/children"));
    if (!text) continue;
    for (const std::string_view word : words(trim(*text))) {
      if (const auto child = parse_count(word))
        children.push_back(static_cast<pid_t>(*child));
    }
  }
  return children;
}

const std::vector<pid_t>& TreeWatch::refresh(const std::vector<pid_t>& roots) {
  living_.clear();
  add_below(roots);
  // What was seen before and is not below the roots any more has ended, or has
  // lost its parent, or its number belongs to a stranger now.
  std::vector<pid_t> strays;
  for (const Known& known : known_) {
    if (std::find(living_.begin(), living_.end(), known.pid) != living_.end())
      continue;
    const auto stat = host_.read(in_proc(known.pid, "stat"));
    if (stat && parse_start_time(*stat) == known.start_time)
      strays.push_back(known.pid);
  }
  add_below(strays);

  std::vector<Known> known;
  for (const pid_t pid : living_) {
    const auto at =
        std::find_if(known_.begin(), known_.end(),
                     [&](const Known& old) { return old.pid == pid; });
    if (at != known_.end()) {
      known.push_back(*at);
    } else if (const auto stat = host_.read(in_proc(pid, "stat"))) {
      known.push_back({pid, parse_start_time(*stat).value_or(0)});
    }
  }
  known_ = std::move(known);
  return living_;
}

void TreeWatch::add_below(std::vector<pid_t> pids) {
  while (!pids.empty()) {
    const pid_t pid = pids.back();
    pids.pop_back();
    if (std::find(living_.begin(), living_.end(), pid) != living_.end())
      continue;
    living_.push_back(pid);
    for (const pid_t child : children_of(host_, pid)) pids.push_back(child);
  }
}

microseconds next_pause(microseconds elapsed, microseconds glance) {
  constexpr microseconds kShortest{2'000};
  constexpr microseconds kLongest{100'000};
  return std::clamp(std::max(elapsed / 200, glance * 10), kShortest, kLongest);
}

bool worth_a_close_look(const TreeGlance& glance) {
  if (glance.resident <= glance.peak) return false;
  const std::uint64_t last = glance.resident_at_close_look;
  if (glance.resident > last + last / 10) return true;
  // A short run may be looked at closely for a third of its time.
  const auto at_first = std::min(glance.elapsed / 3, microseconds(200'000));
  const bool grown = glance.resident > last + last / 100;
  return glance.spent_closely <= at_first + glance.elapsed / (grown ? 5 : 20);
}

SampledPeak::SampledPeak(const Host& host) : host_(host), tree_(host) {}

void SampledPeak::look(const std::vector<pid_t>& roots, Clock::time_point now) {
  if (looks_++ == 0) first_ = now;
  const auto elapsed = duration_cast<microseconds>(now - first_);
  const microseconds before = processor_time();
  std::vector<Process> processes;
  std::uint64_t resident = 0;
  for (const pid_t pid : tree_.refresh(roots)) {
    const auto text = host_.read(in_proc(pid, "status"));
    const auto size = text ? parse_resident(*text) : std::nullopt;
    if (!size) continue;
    processes.push_back({pid, *size});
    resident += size->counts();
    largest_file_part_ = std::max(largest_file_part_, size->file);
  }
  // A close look has a budget of its own, and does not put off the next glance.
  pause_ = next_pause(elapsed, processor_time() - before);
  if (worth_a_close_look({resident, peak_, resident_at_close_look_,
                          spent_closely_, elapsed})) {
    const microseconds close_before = processor_time();
    look_closely(processes);
    resident_at_close_look_ = resident;
    spent_closely_ += processor_time() - close_before;
  } else if (resident_at_close_look_ > 0) {
    const double share = static_cast<double>(at_close_look_) /
                         static_cast<double>(resident_at_close_look_);
    latest_ = whole_bytes(static_cast<double>(resident) * share);
  }
}

void SampledPeak::look_closely(const std::vector<Process>& processes) {
  std::uint64_t total = 0;
  for (const Process& process : processes) {
    const auto text = host_.read(in_proc(process.pid, "smaps_rollup"));
    if (const auto bytes = text ? parse_rollup(*text) : std::nullopt) {
      total += *bytes;
      continue;
    }
    // Not ours to read (set-user-id), or ended meanwhile: then it has nothing.
    const auto again = host_.read(in_proc(process.pid, "status"));
    const auto size = again ? parse_resident(*again) : std::nullopt;
    if (!size || size->own == 0) continue;
    partly_resident_ = true;
    total += size->own;
  }
  at_close_look_ = total;
  latest_ = total;
  peak_ = std::max(peak_, total);
}

}  // namespace fitrun
