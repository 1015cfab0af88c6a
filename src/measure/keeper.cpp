#include "measure/keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "measure/command_tree.h"
#include "measure/envelope.h"
#include "measure/job_peaks.h"
#include "measure/lone_group.h"
#include "measure/process_tree.h"
#include "os/file.h"
#include "os/process_end.h"
#include "os/process_handle.h"
#include "run/detached.h"

namespace fitrun {
namespace {

using std::chrono::ceil;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A run that ends before that costs no look.
constexpr milliseconds kFirstLook{10};
constexpr milliseconds kFirstCheckpoint{1000};
// The keeper of process 1 is always killed with it.
constexpr milliseconds kEarlyCheckpoint{100};

// A parent waits for its children, but it may be busy.
constexpr milliseconds kNoticed{1000};
// From then on a look is worth less.
constexpr microseconds kAttentive = std::chrono::seconds(2);

// Readable, or closed, once the command has started or was given up: whether
// there is a run.
bool has_started(const Fd& called_off) {
  char byte = 0;
  ssize_t told = 0;
  do {
    told = ::read(called_off.get(), &byte, 1);
  } while (told < 0 && errno == EINTR);
  return told == 0;
}

class Keeper {
 public:
  Keeper(const StatePlace& place, RunRecord record, bool recorded,
         std::optional<HeldRun> held, ProcessHandle process)
      : place_(place),
        record_(std::move(record)),
        recorded_(recorded),
        held_(std::move(held)),
        process_(std::move(process)),
        tree_(host_),
        group_(host_),
        jobs_(record_.project) {
    record_.held = held_.has_value();
    const bool dies_with_it = process_.id().pid == 1;
    last_.elapsed = dies_with_it ? kEarlyCheckpoint : kFirstCheckpoint;
    last_.elapsed /= 4;
  }

  void keep() {
    start_ = Clock::now();
    microseconds pause = kFirstLook;
    while (!process_.wait(ceil<milliseconds>(pause))) {
      const microseconds before = processor_time();
      look();
      const microseconds took = processor_time() - before;
      const microseconds elapsed = since_start();
      if (checkpoint_due(last_, elapsed, peak())) {
        write(true);
        last_ = {elapsed, peak()};
      }
      pause = held_
                  ? HeldRun::pause(took)
                  : keeper_pause(elapsed, processor_time() -
                                              tree_.sampled().spent_closely());
    }
    look_at_group();  // a kill may have been what ended it
    if (held_) {
      held_->end(group_.oom_kills());
      ::close(STDERR_FILENO);  // whoever reads it may go on
    }
    write(false);
  }

 private:
  microseconds since_start() const {
    return duration_cast<microseconds>(Clock::now() - start_);
  }
  std::uint64_t peak() const {
    return std::max(tree_.sampled().peak(), group_.peak());
  }
  void look();
  void look_at_group();
  void write(bool checkpoint);

  Host host_;
  StatePlace place_;
  RunRecord record_;
  bool recorded_;
  std::optional<HeldRun> held_;
  ProcessHandle process_;
  CommandTree tree_;
  LoneGroup group_;
  JobWatch jobs_;
  Envelope envelope_;
  Clock::time_point start_;
  Checkpoint last_;
};

// Our own guard is no stranger in the command's group.
void Keeper::look_at_group() {
  std::vector<pid_t> known = tree_.sampled().living();
  if (held_) known.push_back(held_->guard());
  group_.look(known);
}

void Keeper::look() {
  const SampledPeak& sampled = tree_.sampled();
  tree_.look(process_.id().pid,
             sampled.spent_closely() <= keeper_allowance(since_start()));
  look_at_group();
  const JobView& view = tree_.view();
  std::size_t at_work = view.jobs.size();
  if (held_) {
    held_->look(tree_.processes(), view, group_.oom_kills(), Clock::now());
    // What is held takes next to nothing, and says nothing of what a job takes.
    at_work -= std::min(at_work, held_->held());
  }
  jobs_.look(tree_.processes(), view);
  envelope_.add(at_work,
                group_.latest() > 0 ? group_.latest() : sampled.latest());
}

void Keeper::write(bool checkpoint) {
  if (!recorded_) return;
  if (!checkpoint && process_.pidfd() >= 0)
    record_.wait_status = wait_status_of(process_.pidfd(), kNoticed);
  record_.checkpoint = checkpoint;
  record_.seconds = std::chrono::duration<double>(since_start()).count();
  record_.time = utc_time(::time(nullptr));
  if (peak() > 0) record_.peak = peak();
  record_.certainty =
      group_.counted() ? Certainty::counted : Certainty::at_least;
  record_.method = group_.counted()
                       ? "counted by the kernel for the command's control group"
                       : "sampled by a detached keeper";
  record_.oom_kills = group_.oom_kills();
  record_.envelope = envelope_.points();
  record_.jobs = jobs_.peaks();
  // A checkpoint is written again and again: the names would fill the file.
  if (checkpoint) record_.jobs.largest.clear();
  // Nobody is there to be told.
  [[maybe_unused]] const auto written = append_run(place_, record_);
}

// Of all machines and containers that share a file.
std::string name_of_run() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("{:x}-{:x}", now.tv_sec * 1'000'000'000 + now.tv_nsec,
                     ::getpid());
}

}  // namespace

Result<Fd> start_keeper(const StatePlace& place, RunRecord record,
                        bool recorded, std::optional<HoldOrders> hold) {
  const auto self = read_process_stat(Host(), ::getpid());
  if (!self) return path_error("/proc/self/stat", ENOENT);
  ProcessHandle process(Host(), self->id(), open_pidfd(self->pid));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return path_error("pipe", errno);
  const Fd called_off(ends[0]);
  Fd ours(ends[1]);
  record.run = name_of_run();
  std::vector<int> kept{called_off.get()};
  if (process.pidfd() >= 0) kept.push_back(process.pidfd());
  Fd is_ready;
  Fd tells_ready;
  if (hold) {
    if (::pipe2(ends, O_CLOEXEC) != 0) return path_error("pipe", errno);
    is_ready = Fd(ends[0]);
    tells_ready = Fd(ends[1]);
    kept.insert(kept.end(), hold->descriptors.begin(), hold->descriptors.end());
    kept.insert(kept.end(), {hold->list.get(), tells_ready.get()});
    if (hold->tokens)
      for (const int fd : hold->tokens->descriptors()) kept.push_back(fd);
  }
  const pid_t command = self->pid;
  const auto started = start_detached("fitrun-keeper", kept, [&] {
    std::optional<HeldRun> held;
    if (hold) {
      auto run = HeldRun::start(std::move(*hold));
      if (!run) return;
      held.emplace(std::move(*run));
      held->follow(command);
      held->answer_questions();
      if (::write(tells_ready.get(), "+", 1) != 1) return;
    }
    tells_ready.reset();
    if (!has_started(called_off)) return;
    Keeper(place, std::move(record), recorded, std::move(held),
           std::move(process))
        .keep();
  });
  if (!started) return started.error();
  tells_ready.reset();
  // Nobody may start what is to be held before somebody holds it.
  char byte = 0;
  if (hold && ::read(is_ready.get(), &byte, 1) != 1)
    return Error{"nobody can hold its jobs", EAGAIN};
  return ours;
}

void call_off(const Fd& keeper) {
  if (!keeper) return;
  // Into an empty pipe: one write takes all.
  [[maybe_unused]] const ssize_t n = ::write(keeper.get(), "-", 1);
}

microseconds keeper_allowance(microseconds elapsed) {
  return std::min(elapsed, kAttentive) / 40 + elapsed / 500;
}

microseconds keeper_pause(microseconds elapsed, microseconds spent) {
  constexpr microseconds kShortest{5'000};
  constexpr microseconds kLongest{1'000'000};
  const microseconds pause = std::clamp(elapsed / 100, kShortest, kLongest);
  // When so much is allowed: keeper_allowance(), solved for the time.
  const microseconds early = spent * 1000 / 27;
  const microseconds allowed =
      early <= kAttentive ? early : (spent - kAttentive / 40) * 500;
  return std::max(pause, allowed - elapsed);
}

bool checkpoint_due(const Checkpoint& last, microseconds elapsed,
                    std::uint64_t peak) {
  if (elapsed >= last.elapsed * 4) return true;
  return last.peak > 0 && elapsed >= last.elapsed + last.elapsed / 4 &&
         peak > last.peak + last.peak / 10;
}

}  // namespace fitrun
