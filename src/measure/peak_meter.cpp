#include "measure/peak_meter.h"

#include <unistd.h>

#include <algorithm>

#include "os/command.h"
#include "probe/cgroup_files.h"
#include "probe/mountinfo.h"

namespace fitrun {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kVramPause{100};

// Users may not move processes below systemd's groups; systemd does it for
// them, and becomes the command in the same process (systemd-run(1)).
std::vector<std::string> scope_prefix() {
  std::vector<std::string> words{"systemd-run"};
  if (::geteuid() != 0) words.emplace_back("--user");
  for (const char* word : {"--scope", "--quiet", "--collect", "--"})
    words.emplace_back(word);
  return words;
}

// Tried with `true` first: without a session bus (su, cron, containers) it
// fails in many ways, and the user's command must not be lost to any of them.
bool systemd_makes_scopes() {
  CommandSpec trial;
  // For its silence: the helper's stderr is ours.
  trial.argv = {"sh", "-c", "exec \"$@\" 2>/dev/null", "sh"};
  for (std::string& word : scope_prefix())
    trial.argv.push_back(std::move(word));
  trial.argv.emplace_back("true");
  trial.timeout = milliseconds(3000);
  const auto done = run_command(trial);
  return done && done->exit_status == 0;
}

}  // namespace

PeakMeter::PeakMeter(const Host& host, const Environment& environment,
                     MeterWishes wishes)
    : host_(host),
      wishes_(std::move(wishes)),
      own_kills_(host, environment),
      sampled_(host),
      tree_(host) {
  holds_ = !wishes_.at_most;
  if (wishes_.choice == MeterChoice::sampling) {
    why_not_ = "sampling was asked for";
    return;
  }
  auto made = JobCgroup::make(host, environment);
  if (made) {
    group_.emplace(std::move(*made));
    holds_ |= wishes_.at_most && group_->hold_below(*wishes_.at_most);
    return;
  }
  why_not_ = made.error().message;
  if (!systemd_makes_scopes()) return;
  const auto own = host_.read("/proc/self/cgroup");
  if (!own) return;
  own_group_ = *own;
  waits_for_scope_ = true;
}

void PeakMeter::prepare(ChildSpec& spec) {
  if (group_) spec.cgroup_procs = group_->procs();
  if (!waits_for_scope_) return;
  std::vector<std::string> words = scope_prefix();
  words.insert(words.end(), spec.argv.begin(), spec.argv.end());
  spec.argv = std::move(words);
}

// The child is in our group until systemd has moved it.
void PeakMeter::find_scope(const std::vector<pid_t>& roots) {
  const auto text = host_.read(proc_path(roots.front(), "cgroup"));
  if (!text || *text == own_group_) return;
  const CgroupOwner owner = owner_of(parse_proc_cgroup(*text), "memory");
  if (owner == owner_of(parse_proc_cgroup(own_group_), "memory")) return;
  waits_for_scope_ = false;
  const auto mounts = host_.read("/proc/self/mountinfo");
  if (!mounts) return;
  const CgroupChain chain =
      probe::cgroup_chain(host_, parse_mountinfo(*mounts), owner,
                          static_cast<std::uint64_t>(roots.front()));
  if (chain.levels.empty()) return;
  auto scope =
      JobCgroup::open(host_.full(chain.levels[0].folder), chain.version);
  if (scope) group_.emplace(std::move(*scope));
}

void PeakMeter::look_into_group() {
  if (const auto usage = group_->read()) counted_.add(*usage);
  if (const auto kills = group_->oom_kills()) group_kills_ = kills;
  // Workers that are left may wait for the killed one for ever.
  if (wishes_.at_most && group_kills_.value_or(0) > 0) group_->kill_all();
}

void PeakMeter::look_at_vram(const std::vector<pid_t>& roots) {
  const auto now = Clock::now();
  if (!wishes_.vram || now < next_vram_) return;
  if (const auto bytes = wishes_.vram(tree_.refresh(roots)))
    vram_ = std::max(vram_.value_or(0), *bytes);
  // Asking a driver is slow: at most a tenth of the time is spent on it.
  const auto after = Clock::now();
  next_vram_ =
      after + std::max<Clock::duration>(kVramPause, 10 * (after - now));
}

// Processes that have lost their parent are our children (Orphans::adopt).
std::vector<pid_t> PeakMeter::with_adopted(std::vector<pid_t> roots) const {
  if (const auto own = read_process_stat(host_, ::getpid()))
    for (const pid_t child : read_children(host_, *own)) roots.push_back(child);
  return roots;
}

milliseconds PeakMeter::look(const std::vector<pid_t>& roots) {
  const auto start = Clock::now();
  if (!first_) first_ = start;
  if (waits_for_scope_ && !roots.empty()) find_scope(roots);
  if (group_) look_into_group();
  // With a mark of the kernel's, the tree need not be walked.
  if (!group_ || !group_->has_mark()) sampled_.look(with_adopted(roots), start);
  look_at_vram(with_adopted(roots));
  if (!group_ || !group_->has_mark())
    return std::chrono::ceil<milliseconds>(sampled_.pause());
  const auto elapsed = start - *first_;
  constexpr std::chrono::microseconds kReading{200};  // of memory.stat, at most
  return std::chrono::ceil<milliseconds>(
      next_pause(std::chrono::duration_cast<std::chrono::microseconds>(elapsed),
                 kReading));
}

std::uint64_t PeakMeter::live() const {
  return group_ ? counted_.latest() : sampled_.latest();
}

void PeakMeter::describe_group(PeakReading& reading) const {
  const MemoryFiles& files = memory_files(group_->version());
  reading.page_cache = counted_.largest_cache();
  reading.oom_kills = group_kills_;
  reading.kills_are_its_own = true;
  reading.oom_where = std::string(files.events) + " of the job's control group";
  if (group_->has_mark()) {
    reading.certainty = Certainty::counted;
    reading.method = std::string(files.peak) +
                     " of a control group of its own, less page cache";
  } else {
    reading.method =
        std::string(files.usage) + " of a control group of its own, sampled";
  }
}

PeakReading PeakMeter::finish(const std::vector<ChildEnd>& ends) {
  PeakReading reading;
  reading.vram = vram_;
  if (group_) {
    look_into_group();
    describe_group(reading);
  } else {
    reading.why_not = why_not_;
    reading.oom_kills = own_kills_.kills();
    reading.oom_where = own_kills_.where();
    reading.method = sampled_.partly_resident()
                         ? "sampled resident sizes of the process tree"
                         : "sampled proportional sizes of the process tree";
  }
  reading.looks = sampled_.looks();
  reading.bytes = std::max(counted_.peak(), sampled_.peak());
  if (reading.certainty == Certainty::counted) return reading;
  for (const ChildEnd& end : ends) {
    // Pages of files are in ru_maxrss, and no need.
    const std::uint64_t files =
        std::min(end.largest_process, sampled_.largest_file_part());
    reading.bytes = std::max(reading.bytes, end.largest_process - files);
  }
  return reading;
}

}  // namespace fitrun
