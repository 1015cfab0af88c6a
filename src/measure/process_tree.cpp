#include "measure/process_tree.h"

#include <time.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/saturate.h"

namespace fitrun {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using Clock = std::chrono::steady_clock;

// Of less than this nobody asks whether it was given back.
constexpr std::uint64_t kLittle = 1U << 20;

// How much of a process others have too, at most: what they would be charged
// for if it went. Two share alike; of more, each has a smaller share.
std::uint64_t shared_part(std::uint64_t resident, std::uint64_t share) {
  return std::min(share, subtract(resident, share));
}

}  // namespace

microseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) +
         duration_cast<microseconds>(std::chrono::nanoseconds(time.tv_nsec));
}

const std::vector<pid_t>& TreeWatch::refresh(const std::vector<pid_t>& roots) {
  std::vector<ProcessStat> from;
  for (const pid_t pid : roots)
    if (const auto stat = read_process_stat(host_, pid)) from.push_back(*stat);
  // What was seen before may have lost its parent, and its number may be a
  // stranger's now.
  for (const ProcessStat& known : processes_) {
    const auto stat = read_process_stat(host_, known.pid);
    if (stat && stat->id() == known.id()) from.push_back(*stat);
  }
  processes_ = read_tree(host_, from);
  living_.clear();
  for (const ProcessStat& stat : processes_) living_.push_back(stat.pid);
  return living_;
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

void SampledPeak::look(const std::vector<pid_t>& roots, Clock::time_point now,
                       bool closely) {
  if (looks_++ == 0) first_ = now;
  const auto elapsed = duration_cast<microseconds>(now - first_);
  const microseconds before = processor_time();
  processes_.clear();
  std::uint64_t resident = 0;
  tree_.refresh(roots);
  for (const ProcessStat& stat : tree_.processes()) {
    const auto size = read_resident(host_, stat.pid);
    if (!size) continue;
    processes_.push_back({stat, *size});
    resident += size->counts();
    largest_file_part_ = std::max(largest_file_part_, size->file);
  }
  // A close look has a budget of its own, and does not put off the next glance.
  pause_ = next_pause(elapsed, processor_time() - before);
  if (closely && worth_a_close_look({resident, peak_, resident_at_close_look_,
                                     spent_closely_, elapsed})) {
    const microseconds close_before = processor_time();
    look_closely();
    resident_at_close_look_ = resident;
    spent_closely_ += processor_time() - close_before;
  } else if (resident_at_close_look_ > 0) {
    const double share = static_cast<double>(at_close_look_) /
                         static_cast<double>(resident_at_close_look_);
    latest_ = whole_bytes(static_cast<double>(resident) * share);
  } else {
    latest_ = resident;
  }
}

std::uint64_t without_moved_shares(const std::vector<CloseLook>& looks) {
  std::uint64_t total = 0;
  std::uint64_t moved = 0;
  for (const CloseLook& look : looks) {
    total += look.share;
    moved += std::min(shared_part(look.before, look.share), look.given_back);
  }
  return subtract(total, moved);
}

std::uint64_t SampledPeak::given_back(const Process& process) const {
  const auto now = read_resident(host_, process.stat.pid);
  return subtract(process.size.counts(), now ? now->counts() : 0);
}

void SampledPeak::look_closely() {
  std::vector<CloseLook> looks;
  for (const Process& process : processes_) {
    std::uint64_t share = 0;
    if (const auto bytes = read_rollup(host_, process.stat.pid)) {
      share = *bytes;
    } else if (const auto size = read_resident(host_, process.stat.pid)) {
      // Not ours to read (set-user-id), or ended meanwhile: then it has
      // nothing.
      share = size->own;
      partly_resident_ |= share > 0;
    }
    looks.push_back({process.size.counts(), share, 0});
  }
  for (std::size_t i = 0; i < looks.size(); ++i)
    if (shared_part(looks[i].before, looks[i].share) > kLittle)
      looks[i].given_back = given_back(processes_[i]);
  const std::uint64_t total = without_moved_shares(looks);
  at_close_look_ = total;
  latest_ = total;
  peak_ = std::max(peak_, total);
}

}  // namespace fitrun
