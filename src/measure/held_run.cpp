#include "measure/held_run.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/saturate.h"
#include "hold/peaks_text.h"
#include "hold/stopper.h"
#include "os/file.h"
#include "os/user_file.h"
#include "run/detached.h"

namespace fitrun {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kCapPeriod{250};
// Of a lease that has become smaller: one that is too small lets another take
// what this run will need.
constexpr milliseconds kRenewalPeriod{1000};
// A fortieth of one CPU, and a newborn is seen before it has grown.
constexpr int kLooksShare = 40;
constexpr microseconds kShortestPause{10'000};
constexpr microseconds kLongestPause = kLookPeriod;

volatile sig_atomic_t asked_who_is_held = 0;

void note_question(int) {
  asked_who_is_held = 1;
}

// What another run has written meanwhile is theirs: ours is added to it.
void keep_peaks(const std::string& path, const KnownPeaks& learned,
                std::uint64_t today) {
  auto file = UserFile::open(path);
  if (!file) return;
  ParsedPeaks kept = parse_peaks(file->text(), today);
  if (kept.newer) return;
  for (const auto& [hash, job] : learned.jobs())
    if (job.day > 0) kept.known.add(hash, job);
  [[maybe_unused]] const auto written =
      std::move(*file).write(format_peaks(kept.known));
}

}  // namespace

Result<HeldRun::Guard> HeldRun::start_guard(
    const StopList& list, const std::optional<TokenPipe>& tokens) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return path_error("pipe", errno);
  const Fd alive(ends[0]);
  Guard guard;
  guard.told = Fd(ends[1]);
  // Its looks do not wait for a guard that somebody has stopped.
  if (::fcntl(guard.told.get(), F_SETFL, O_NONBLOCK) != 0 ||
      ::pipe2(ends, O_CLOEXEC) != 0)
    return path_error("pipe", errno);
  const Fd asks(ends[0]);
  Fd answers(ends[1]);
  std::vector<int> kept{alive.get(), list.fd(), answers.get()};
  if (tokens)
    for (const int fd : tokens->descriptors()) kept.push_back(fd);
  const auto started = start_detached("fitrun-guard", kept, [&] {
    const pid_t self = ::getpid();
    if (::write(answers.get(), &self, sizeof self) != sizeof self) return;
    answers.reset();
    const auto orphaned = [&list] { continue_all(Host(), list); };
    if (tokens) return serve_tokens(*tokens, alive.get(), orphaned);
    char byte = 0;
    while (::read(alive.get(), &byte, 1) < 0 && errno == EINTR) {
    }
    orphaned();
  });
  if (!started) return started.error();
  answers.reset();
  if (::read(asks.get(), &guard.pid, sizeof guard.pid) != sizeof guard.pid)
    return Error{"nobody guards the held jobs", EAGAIN};
  return guard;
}

HeldRun::HeldRun(HoldOrders orders, StopList list, Guard guard)
    : orders_(std::move(orders)),
      list_(std::move(list)),
      guard_(std::move(guard)),
      cap_(orders_.first_cap) {}

Result<HeldRun> HeldRun::start(HoldOrders orders) {
  auto list = StopList::make(std::move(orders.list), orders.boot);
  if (!list) return list.error();
  auto guard = start_guard(*list, orders.tokens);
  if (!guard) return guard.error();
  return HeldRun(std::move(orders), std::move(*list), std::move(*guard));
}

void HeldRun::follow(pid_t command) {
  holder_.emplace(Host(), command, std::move(list_), std::move(orders_.known),
                  orders_.rules);
}

void HeldRun::answer_questions() {
  struct sigaction action {};
  action.sa_handler = note_question;
  ::sigaction(SIGUSR1, &action, nullptr);
}

void HeldRun::look(const std::vector<SeenProcess>& tree, const JobView& view,
                   std::optional<std::uint64_t> kills, Clock::time_point now) {
  std::uint64_t bytes = view.base;
  for (const Job& job : view.jobs) bytes = add(bytes, job.bytes);
  used_ = bytes;
  peak_ = std::max(peak_, bytes);
  if (now >= next_cap_) {
    next_cap_ = now + kCapPeriod;
    cap_ = orders_.cap(holder_->command(), bytes).value_or(cap_);
  }
  holder_->look(tree, view, cap_, killed_since(kills), now);
  if (orders_.tokens)
    tell_guard({static_cast<std::uint32_t>(holder_->held()),
                static_cast<std::uint32_t>(token_users(tree))});
  const std::uint64_t foreseen = holder_->foreseen();
  // A twentieth more or less changes nothing for others.
  const bool more = subtract(foreseen, renewed_) > renewed_ / 20;
  const bool less = subtract(renewed_, foreseen) > renewed_ / 20;
  if (more || (less && now >= next_renewal_)) {
    next_renewal_ = now + kRenewalPeriod;
    renewed_ = foreseen;
    orders_.renew(foreseen);
    // Another may have taken the same since the cap was asked for: then what
    // was just let run is held again before it has grown.
    if (more) next_cap_ = now;
  }
  if (asked_who_is_held != 0) {
    asked_who_is_held = 0;
    orders_.tell(report(false));
  }
}

// Where it was killed, another one goes on.
void HeldRun::tell_guard(const TokenNews& news) {
  if (::write(guard_.told.get(), &news, sizeof news) >= 0 || errno != EPIPE ||
      news.ended)
    return;
  guard_ = {};
  auto another = start_guard(holder_->list(), orders_.tokens);
  if (another) guard_ = std::move(*another);
}

bool HeldRun::killed_since(std::optional<std::uint64_t> kills) {
  const bool killed = kills.value_or(0) > kills_.value_or(0);
  if (kills) kills_ = std::max(*kills, kills_.value_or(0));
  return killed;
}

microseconds HeldRun::pause(microseconds look) {
  return std::clamp(look * kLooksShare, kShortestPause, kLongestPause);
}

HoldReport HeldRun::report(bool ended) const {
  return {holder_->summary(),
          holder_->held_jobs(Clock::now()),
          used_,
          peak_,
          cap_,
          kills_,
          ended};
}

void HeldRun::end(std::optional<std::uint64_t> kills) {
  holder_->end(killed_since(kills), Clock::now());
  if (orders_.tokens) tell_guard({0, 0, true});
  orders_.tell(report(true));
  orders_.done();
  if (!orders_.peaks_file.empty())
    keep_peaks(orders_.peaks_file, holder_->known(), orders_.rules.today);
}

}  // namespace fitrun
