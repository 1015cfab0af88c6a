#include "hold/jobserver.h"

#include <algorithm>
#include <unordered_set>

namespace fitrun {
namespace {

// A process that has just ended may have been the one that was to give it back.
constexpr std::chrono::seconds kLost{10};

}  // namespace

std::uint64_t token_users(const std::vector<SeenProcess>& tree) {
  std::unordered_set<pid_t> parents;
  for (const SeenProcess& process : tree) parents.insert(process.parent);
  std::uint64_t users = 0;
  for (const SeenProcess& process : tree) {
    const std::uint64_t threads = std::max<std::uint64_t>(1, process.threads);
    users += parents.contains(process.id.pid) ? threads - 1 : threads;
  }
  return users - std::min<std::uint64_t>(1, users);
}

Tokens::Tokens(std::uint64_t all, std::uint64_t gone, bool offered)
    : all_(all),
      gone_(std::max<std::uint64_t>(gone, offered ? 1 : 0)),
      offered_(offered),
      seen_(out()) {}

bool Tokens::may_offer() const {
  if (out() >= all_) return false;
  if (!paced_) return true;
  const std::uint64_t unseen = out() - std::min(out(), seen_);
  return held_ + unseen < kMostHeldByTokens;
}

void Tokens::offer() {
  if (offered_) return;
  offered_ = true;
  ++gone_;
}

void Tokens::withdraw() {
  if (!offered_) return;
  offered_ = false;
  --gone_;
}

void Tokens::take() {
  offered_ = false;
}

void Tokens::give_back(std::uint64_t count) {
  // Not the one on offer, whatever clients write.
  gone_ -= std::min(count, out());
}

void Tokens::look(const TokenNews& news, Clock::time_point now) {
  held_ = news.held;
  seen_ = out();
  const std::uint64_t missing =
      out() - std::min<std::uint64_t>(out(), news.users);
  if (missing == 0) {
    missing_since_.reset();
    return;
  }
  if (!missing_since_) {
    missing_since_ = now;
    missing_ = missing;
  }
  missing_ = std::min(missing_, missing);
  if (now - *missing_since_ < kLost) return;
  give_back(missing_);
  seen_ = out();
  missing_since_.reset();
}

void Tokens::let_go() {
  paced_ = false;
}

}  // namespace fitrun
