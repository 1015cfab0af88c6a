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

Tokens::Tokens(std::uint64_t all, std::uint64_t gone, std::uint64_t offered)
    : all_(all),
      gone_(std::max(gone, offered)),
      offered_(offered),
      latest_(out()),
      seen_(out()) {}

std::uint64_t Tokens::to_offer() const {
  const std::uint64_t left = all_ - std::min(all_, out());
  if (!paced_) return left;
  const std::uint64_t unseen = out() - std::min(out(), seen_);
  const std::uint64_t held = std::min(kMostHeldByTokens, held_ + unseen);
  return std::min(left, kMostHeldByTokens - held);
}

void Tokens::offer() {
  ++offered_;
  ++gone_;
}

void Tokens::withdraw() {
  if (offered_ == 0) return;
  --offered_;
  --gone_;
}

void Tokens::take(std::uint64_t left) {
  offered_ = std::min(offered_, left);
}

void Tokens::give_back(std::uint64_t count) {
  // None of those on offer, whatever clients write.
  gone_ -= std::min(count, out());
}

void Tokens::look(const TokenNews& news, Clock::time_point now) {
  held_ = news.held;
  seen_ = latest_;
  latest_ = out();
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
  missing_since_.reset();
}

void Tokens::let_go() {
  paced_ = false;
}

}  // namespace fitrun
