#include "hold/holder.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/saturate.h"
#include "hold/job_key.h"
#include "hold/lock_waits.h"
#include "hold/pipe_waits.h"

namespace fitrun {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kShortestHoldMax{2000};
// Two looks: what was seen once may have been too young to have a size.
constexpr milliseconds kTooShort{40};
constexpr seconds kStuck{60};
// pytest-xdist hands out no test before each worker has spoken: its pipe is
// what the others wait for.
constexpr seconds kWorkersStuck{5};
// What a running job uses at least in that time: a hundredth of a processor.
// Less takes who only asks again and again whether a file is there.
std::uint64_t ticks_of_work(seconds time) {
  static const long per_second = std::max(1L, ::sysconf(_SC_CLK_TCK));
  return static_cast<std::uint64_t>(time.count() * per_second / 100);
}
// Of more nobody can ask that, there may be but one processor.
constexpr std::size_t kMostWorkers = 16;
constexpr seconds kWaitsForLock{5};
constexpr seconds kLookForLocks{1};

constexpr std::uint64_t bit(int signal) {
  return std::uint64_t{1} << (signal - 1);
}
// What somebody sends who wants the command to end.
constexpr std::uint64_t kEnding =
    bit(SIGINT) | bit(SIGTERM) | bit(SIGHUP) | bit(SIGQUIT);

}  // namespace

Holder::Holder(const Host& host, pid_t command, StopList list, KnownPeaks known,
               HoldRules rules)
    : host_(host),
      command_(command),
      stopper_(host, std::move(list), command),
      known_(std::move(known)),
      rules_(std::move(rules)) {}

Holder::~Holder() {
  const auto now = Clock::now();
  for (auto& [pid, job] : jobs_) let_run(job, now);
}

void Holder::look(const std::vector<SeenProcess>& tree, const JobView& view,
                  std::uint64_t cap, bool killed, Clock::time_point now) {
  for (auto& [pid, job] : jobs_) job.seen = false;
  margin_.look(now);
  stopper_.look();
  std::vector<Followed*> jobs;
  for (const Job& job : view.jobs) jobs.push_back(&follow(tree, job, now));
  forget_ended(killed, now);
  const auto command = read_process_stat(host_, command_);
  if (!command || command->state == kStopped) return;
  session_ = command->session;
  std::vector<JobState> states;
  states.reserve(jobs.size());
  for (Followed* const job : jobs) states.push_back(state_of(*job, now));
  const HoldRoom space = room(cap, view);
  const std::vector<bool> runs = choose_running(space, states);
  foreseen_ = view.base;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    foreseen_ =
        add(foreseen_, runs[i] ? states[i].expected : states[i].current);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i]->needs = states[i].expected;
    jobs[i]->left = subtract(cap, foreseen_);
  }
  obey(jobs, runs, now);
  break_deadlock(jobs, tree, now);
}

Holder::Followed& Holder::follow(const std::vector<SeenProcess>& tree,
                                 const Job& job, Clock::time_point now) {
  const SeenProcess& root = tree[job.root];
  Followed& followed = jobs_[root.id.pid];
  if (followed.id != root.id) {
    let_run(followed, now);  // who had that pid is gone: off the list
    followed = {};
    followed.id = root.id;
    followed.born = now;
  }
  // One that is ending has no words any more.
  if (!root.argv.empty() && followed.argv != root.argv) {
    followed.argv = root.argv;
    followed.key = job_key(root.argv, rules_.project);
    followed.kind = job_kind(root.argv);
  }
  followed.seen = true;
  followed.is_stopped = stopper_.is_stopped(root);
  followed.bytes = job.bytes;
  followed.peak = std::max(followed.peak, job.bytes);
  followed.members.clear();
  for (const std::size_t member : job.members)
    followed.members.push_back(tree[member].id.pid);
  return followed;
}

void Holder::forget_ended(bool killed, Clock::time_point now) {
  for (auto at = jobs_.begin(); at != jobs_.end();) {
    Followed& job = at->second;
    if (job.seen) {
      ++at;
      continue;
    }
    // It may have become a client, and be stopped.
    let_run(job, now);
    if (!job.key.empty() && (now - job.born >= kTooShort || killed)) {
      known_.learn(job.key, job.kind,
                   killed ? add(job.peak, job.peak / 2) : job.peak,
                   rules_.today);
      times_.push_back(std::chrono::duration<double>(now - job.born).count());
    }
    at = jobs_.erase(at);
    has_ended_ = true;
  }
}

JobState Holder::state_of(Followed& job, Clock::time_point now) const {
  const PeakEstimate e = known_.estimate(job.key, job.kind, job.bytes,
                                         rules_.bound, margin_.factor());
  JobState state;
  state.current = job.bytes;
  state.expected = e.expected;
  state.most = e.most;
  state.exact = e.exact;
  state.unknown = e.unknown;
  state.admitted = job.admitted();
  if (job.admitted_at)
    state.admitted_for = duration_cast<milliseconds>(now - *job.admitted_at);
  state.age = duration_cast<milliseconds>(now - job.born);
  if (!job.stopped.empty())
    state.held = duration_cast<milliseconds>(now - job.stopped_at);
  return state;
}

HoldRoom Holder::room(std::uint64_t cap, const JobView& view) const {
  HoldRoom space{cap, view.base, kShortestHoldMax};
  if (times_.empty()) return space;
  std::vector<double> times = times_;
  const auto middle = times.begin() + static_cast<long>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  space.hold_max =
      std::max(space.hold_max, milliseconds(static_cast<long>(*middle * 1e3)));
  return space;
}

void Holder::obey(const std::vector<Followed*>& jobs,
                  const std::vector<bool>& runs, Clock::time_point now) {
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (runs[i]) let_run(*jobs[i], now);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Followed& job = *jobs[i];
    if (runs[i]) continue;
    if (job.freed || (rules_.at_birth_only && job.admitted())) continue;
    if (!job.stopped.empty() && must_go_on(job)) {
      // One that catches the signal has yet to tidy up.
      job.freed = true;
      let_run(job, now);
      continue;
    }
    if (job.stopped.empty() || !job.is_stopped) stop(job, now);
  }
  summary_.at_once = std::max<std::uint64_t>(summary_.at_once, held());
}

bool Holder::must_go_on(const Followed& job) const {
  return std::any_of(
      job.stopped.begin(), job.stopped.end(), [this](const ProcessId& process) {
        const auto status = host_.read(proc_path(process.pid, "status"));
        return status && (parse_pending_signals(*status) & kEnding) != 0;
      });
}

void Holder::stop(Followed& job, Clock::time_point now) {
  const bool again = !job.stopped.empty();
  stopper_.stop(job.id, session_, job.stopped);
  if (job.stopped.empty() || again) return;
  job.stopped_at = now;
  if (job.was_held) return;
  job.was_held = true;
  ++summary_.jobs;
  if (rules_.on_held)
    rules_.on_held({job.key, job.needs, job.left, milliseconds(0)});
}

void Holder::let_run(Followed& job, Clock::time_point now) {
  if (!job.admitted()) job.admitted_at = now;
  if (job.stopped.empty()) return;
  summary_.time += duration_cast<milliseconds>(now - job.stopped_at);
  stopper_.let_run(job.stopped);
  job.stopped.clear();
}

// Where none ends of those that run, and they hardly use the processor, they
// may wait for what is held.
void Holder::break_deadlock(const std::vector<Followed*>& jobs,
                            const std::vector<SeenProcess>& tree,
                            Clock::time_point now) {
  std::uint64_t ticks = 0;
  for (const SeenProcess& process : tree)
    if (!stopper_.is_stopped(process)) ticks = add(ticks, process.ticks);
  used_ = add(used_, subtract(ticks, ticks_));
  ticks_ = ticks;
  const seconds stuck = rules_.at_birth_only ? kWorkersStuck : kStuck;
  const std::size_t workers =
      std::clamp<std::size_t>(jobs.size() - held(), 1, kMostWorkers);
  const bool works = used_ >= ticks_of_work(stuck) * workers;
  const bool first_held = last_progress_ == Clock::time_point{};
  if (works || has_ended_ || held() == 0 || first_held) {
    last_progress_ = now;
    used_ = 0;
  }
  has_ended_ = false;
  Followed* freed = nullptr;
  if (held() > 0 && now >= next_locks_) {
    next_locks_ = now + kLookForLocks;
    Followed* const job = waited_for(jobs, tree);
    if (!job || job->id.pid != waited_for_) waited_since_ = now;
    waited_for_ = job ? job->id.pid : 0;
    if (job && now - waited_since_ >= kWaitsForLock) freed = job;
  }
  if (now - last_progress_ >= stuck) {
    for (Followed* const job : jobs)
      if (!job->stopped.empty() && (!freed || job->born < freed->born))
        freed = job;
    last_progress_ = now;
  }
  if (!freed) return;
  freed->freed = true;
  let_run(*freed, now);
}

Holder::Followed* Holder::waited_for(
    const std::vector<Followed*>& jobs,
    const std::vector<SeenProcess>& tree) const {
  std::vector<LockWait> waits = read_pipe_waits(
      host_, tree,
      [this](const auto& process) { return stopper_.is_stopped(process); });
  if (const auto locks = host_.read("/proc/locks")) {
    const std::vector<LockWait> more = parse_lock_waits(*locks);
    waits.insert(waits.end(), more.begin(), more.end());
  }
  const auto job_of = [&jobs](pid_t pid) -> Followed* {
    for (Followed* const job : jobs)
      if (std::find(job->members.begin(), job->members.end(), pid) !=
          job->members.end())
        return job;
    return nullptr;
  };
  for (const LockWait& wait : waits) {
    Followed* const holder = job_of(wait.has);
    const Followed* const waiter = job_of(wait.waits);
    if (holder && !holder->stopped.empty() && waiter && waiter->stopped.empty())
      return holder;
  }
  return nullptr;
}

void Holder::end(bool killed, Clock::time_point now) {
  for (auto& [pid, job] : jobs_) job.seen = false;
  forget_ended(killed, now);
}

std::size_t Holder::held() const {
  return static_cast<std::size_t>(std::count_if(
      jobs_.begin(), jobs_.end(),
      [](const auto& entry) { return !entry.second.stopped.empty(); }));
}

std::vector<HeldJob> Holder::held_jobs(Clock::time_point now) const {
  std::vector<HeldJob> held;
  for (const auto& [pid, job] : jobs_) {
    if (job.stopped.empty()) continue;
    held.push_back({job.key, job.needs, job.left,
                    duration_cast<milliseconds>(now - job.stopped_at)});
  }
  return held;
}

}  // namespace fitrun
