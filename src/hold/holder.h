// Holds the jobs of a running command that do not fit in memory: stops each at
// its birth, continues it when its turn has come.
//
// Whoever follows the command's tree calls look() at each of its looks. Who may
// run is decided by choose.h from estimates of estimate.h, and stopper.h stops
// and continues; here is kept what each job is and has been.
//
// A stopped process gets no signal but SIGKILL and SIGCONT until it is
// continued. So one with a signal pending that would end it (^C, TERM to the
// group) is continued at once; where the command itself was stopped (^Z),
// nothing is done until it goes on. Somebody else may continue what is held
// (the shell's fg): it is held again.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hold/choose.h"
#include "hold/estimate.h"
#include "hold/jobs.h"
#include "hold/stop_list.h"
#include "hold/stopper.h"
#include "os/host.h"

namespace fitrun {

// One that is held, for people.
struct HeldJob {
  std::string key;
  std::uint64_t needs = 0;  // bytes
  std::uint64_t left = 0;   // bytes that those that run will leave
  std::chrono::milliseconds held{0};
};

struct HoldRules {
  std::optional<std::uint64_t> bound;  // of a job's bytes, by declaration
  // Test runners count wall time: a worker is held before it has begun, or not
  // at all.
  bool at_birth_only = false;
  std::string project;      // for job_key()
  std::uint64_t today = 0;  // days after 1970, of what is learned
  std::function<void(const HeldJob&)> on_held;  // the first time; may be empty
};

struct HoldSummary {
  std::uint64_t jobs = 0;  // that were held, each once
  std::uint64_t at_once = 0;
  std::chrono::milliseconds time{0};  // of all of them together
};

class Holder {
 public:
  using Clock = std::chrono::steady_clock;

  Holder(const Host& host, pid_t command, StopList list, KnownPeaks known,
         HoldRules rules);
  // Continues all.
  ~Holder();
  Holder(Holder&&) = default;
  Holder& operator=(Holder&&) = delete;

  // `tree` and `view` are of now; `cap` is what the whole tree may have, bytes.
  // `killed` is whether the kernel has killed for lack of memory since the look
  // before: what has ended since was larger than what was seen of it.
  void look(const std::vector<SeenProcess>& tree, const JobView& view,
            std::uint64_t cap, bool killed, Clock::time_point now);

  // The command has ended: so have its jobs, and what is left is continued.
  // `killed` as for look().
  void end(bool killed, Clock::time_point now);

  pid_t command() const { return command_; }
  std::size_t held() const;
  const StopList& list() const { return stopper_.list(); }
  const KnownPeaks& known() const { return known_; }
  HoldSummary summary() const { return summary_; }
  std::vector<HeldJob> held_jobs(Clock::time_point now) const;
  // What its jobs have and will take, bytes: for its lease.
  std::uint64_t foreseen() const { return foreseen_; }

 private:
  struct Followed {
    ProcessId id;
    std::string key;
    std::string kind;
    std::vector<std::string> argv;  // that the key was made of
    std::uint64_t bytes = 0;
    std::uint64_t peak = 0;
    std::uint64_t needs = 0;
    std::uint64_t left = 0;
    std::vector<pid_t> members;
    Clock::time_point born;
    Clock::time_point stopped_at;
    std::vector<ProcessId> stopped;                // empty while it runs
    bool is_stopped = false;                       // its root, at the last look
    std::optional<Clock::time_point> admitted_at;  // was let run
    bool freed = false;  // others wait for it, or for its end: not held again
    bool was_held = false;
    bool seen = false;

    bool admitted() const { return admitted_at.has_value(); }
  };

  Followed& follow(const std::vector<SeenProcess>& tree, const Job& job,
                   Clock::time_point now);
  void forget_ended(bool killed, Clock::time_point now);
  JobState state_of(Followed& job, Clock::time_point now) const;
  HoldRoom room(std::uint64_t cap, const JobView& view) const;
  void obey(const std::vector<Followed*>& jobs, const std::vector<bool>& runs,
            Clock::time_point now);
  bool must_go_on(const Followed& job) const;
  void stop(Followed& job, Clock::time_point now);
  void let_run(Followed& job, Clock::time_point now);
  void break_deadlock(const std::vector<Followed*>& jobs,
                      const std::vector<SeenProcess>& tree,
                      Clock::time_point now);
  Followed* waited_for(const std::vector<Followed*>& jobs,
                       const std::vector<SeenProcess>& tree) const;

  Host host_;
  pid_t command_;
  pid_t session_ = 0;
  Stopper stopper_;
  KnownPeaks known_;
  OwnMargin margin_;
  HoldRules rules_;
  std::unordered_map<pid_t, Followed> jobs_;
  std::vector<double> times_;  // of jobs that have ended, seconds
  HoldSummary summary_;
  std::uint64_t foreseen_ = 0;
  std::uint64_t ticks_ = 0;  // of the running jobs at the last look
  std::uint64_t used_ = 0;   // ticks, by those that run since the last progress
  bool has_ended_ = false;   // a job, since the look before
  Clock::time_point last_progress_{};
  Clock::time_point next_locks_{};  // when to look for waiters again
  pid_t waited_for_ = 0;            // the held job that one waits for
  Clock::time_point waited_since_{};
};

}  // namespace fitrun
