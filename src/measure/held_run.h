// A run whose jobs are held: what the keeper, or a parent that may try again,
// does beside looking and recording.
//
// It has a guard, another detached process, which continues what is stopped
// should this one be killed, and hands out the tokens of a jobserver, where
// there is one. What the tree may have is asked anew while it runs, and what
// its jobs have and will take is told to whoever counts leases.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hold/estimate.h"
#include "hold/holder.h"
#include "hold/jobs.h"
#include "hold/stop_list.h"
#include "hold/token_pipe.h"
#include "measure/runs_file.h"
#include "os/fd.h"

namespace fitrun {

// What is said when the run has ended, and where somebody asks (SIGUSR1).
struct HoldReport {
  HoldSummary summary;
  std::vector<HeldJob> held;  // now
  std::uint64_t used = 0;     // now, by what `peak` is of, bytes
  std::uint64_t peak = 0;     // of all jobs and what started them, bytes
  std::uint64_t cap = 0;      // at last, bytes
  std::optional<std::uint64_t> kills;  // by the kernel; empty: not known
  bool ended = false;
};

// From the launch that becomes the command.
struct HoldOrders {
  HoldRules rules;
  KnownPeaks known;
  std::string peaks_file;  // where those are kept; "": nowhere
  Fd list;                 // an empty file of ours
  std::string boot;
  std::vector<int> descriptors;     // that the functions need
  std::optional<TokenPipe> tokens;  // of a jobserver
  // What the tree of `command` may have, when it has `tree`; bytes, empty where
  // that cannot be told now.
  std::function<std::optional<std::uint64_t>(pid_t command, std::uint64_t tree)>
      cap;
  std::uint64_t first_cap = 0;
  std::function<void(std::uint64_t foreseen)> renew;
  std::function<void(const HoldReport&)> tell;
  std::function<void()> done;  // the list is not needed any more
};

class HeldRun {
 public:
  using Clock = std::chrono::steady_clock;

  // The error is that nothing will be held.
  static Result<HeldRun> start(HoldOrders orders);

  // To be called once the command has a pid, before the first look.
  void follow(pid_t command);

  // From now on SIGUSR1 asks for a report.
  void answer_questions();

  // `kills` are the kernel's among this run's processes; empty where nobody
  // counts them.
  void look(const std::vector<SeenProcess>& tree, const JobView& view,
            std::optional<std::uint64_t> kills, Clock::time_point now);

  // Until the next look, when one took so long.
  static std::chrono::microseconds pause(std::chrono::microseconds look);

  std::size_t held() const { return holder_->held(); }
  pid_t guard() const { return guard_.pid; }

  // The command has ended: continues what is left, says what was held, and
  // keeps what was learned.
  void end(std::optional<std::uint64_t> kills);

 private:
  struct Guard {
    pid_t pid = 0;
    Fd told;  // it waits for what we say here, or for its end
  };
  static Result<Guard> start_guard(const StopList& list,
                                   const std::optional<TokenPipe>& tokens);

  HeldRun(HoldOrders orders, StopList list, Guard guard);
  void tell_guard(const TokenNews& news);
  bool killed_since(std::optional<std::uint64_t> kills);
  HoldReport report(bool ended) const;

  HoldOrders orders_;
  StopList list_;  // until there is a holder
  std::optional<Holder> holder_;
  Guard guard_;
  std::uint64_t cap_;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
  std::optional<std::uint64_t> kills_;
  std::uint64_t renewed_ = 0;
  Clock::time_point next_cap_{};
  Clock::time_point next_renewal_{};
};

}  // namespace fitrun
