// The tokens of make's jobserver, counted by whoever hands them out.
//
// A client (make, and what it starts: sub-makes, cargo, gcc -flto) runs one job
// without asking; for each more it takes a token, and gives it back. We offer a
// few at a time and can take an offer back: so a build ramps up as its jobs are
// seen, in place of starting all at once.
//
// A client that is killed keeps its tokens. They are written off where fewer
// processes than tokens have been there for a while. Pure.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "hold/jobs.h"

namespace fitrun {

// Jobs that may be held before no further ones are let start: enough to choose
// from, and each has a MiB.
inline constexpr std::uint64_t kMostHeldByTokens = 6;

// What a look at the tree says to whoever hands out tokens.
struct TokenNews {
  std::uint32_t held = 0;   // jobs that are stopped
  std::uint32_t users = 0;  // tokens that may be in use: token_users()
  bool ended = false;       // the command: nobody is to be served any more
};

// How many tokens a tree may use: one for each process that has no other below
// it and one for each thread beside a first one; less the one that the command
// needs none for.
std::uint64_t token_users(const std::vector<SeenProcess>& tree);

class Tokens {
 public:
  using Clock = std::chrono::steady_clock;

  // `all` is how many there are; `gone` those that are with clients or on offer
  // already, of which `offered` are on offer.
  explicit Tokens(std::uint64_t all, std::uint64_t gone = 0,
                  std::uint64_t offered = 0);

  std::uint64_t gone() const { return gone_; }
  std::uint64_t offered() const { return offered_; }

  // How many are to be on offer now.
  std::uint64_t to_offer() const;

  void offer();     // one more: to be called before the offer is made
  void withdraw();  // one less, once it was taken back
  void take(std::uint64_t left);  // clients have left so many of those on offer
  void give_back(std::uint64_t count);

  // From now on only so many start between two looks as may be held.
  void look(const TokenNews& news, Clock::time_point now);

  // Nobody holds jobs any more: all may be given.
  void let_go();

 private:
  std::uint64_t out() const { return gone_ - offered_; }

  std::uint64_t all_;
  std::uint64_t gone_;
  std::uint64_t offered_;
  bool paced_ = true;
  std::uint64_t held_ = 0;
  // Tokens that were out at the last look, and at the one before: a job that is
  // just born at a look is not known for one yet (jobs.h).
  std::uint64_t latest_;
  std::uint64_t seen_;
  // The fewest that were missing at each look since then.
  std::optional<Clock::time_point> missing_since_;
  std::uint64_t missing_ = 0;
};

}  // namespace fitrun
