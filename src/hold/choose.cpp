#include "hold/choose.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

#include "base/saturate.h"

namespace fitrun {
namespace {

std::uint64_t left_to_grow(const JobState& job) {
  return subtract(job.expected, job.current);
}

class Choice {
 public:
  Choice(const HoldRoom& room, const std::vector<JobState>& jobs)
      : jobs_(jobs),
        cap_(room.cap),
        base_(room.base),
        hold_max_(room.hold_max),
        runs_(jobs.size(), false) {
    std::uint64_t used = room.base;
    for (const JobState& job : jobs) used = add(used, job.current);
    left_ = subtract(room.cap, used);
  }

  std::vector<bool> made() {
    choose_admitted();
    choose_newborn();
    if (!jobs_.empty() && running_ == 0) runs_[choose_one()] = true;
    return std::move(runs_);
  }

 private:
  // What a job that was let run will have, and may need to have to end.
  struct Claim {
    std::uint64_t has = 0;
    std::uint64_t lacks = 0;
    bool operator<(const Claim& other) const { return lacks < other.lacks; }
  };

  void run(std::size_t i) {
    const JobState& job = jobs_[i];
    runs_[i] = true;
    ++running_;
    left_ = subtract(left_, left_to_grow(job));
    claim(grown(job));
    all_exact_ = all_exact_ && job.exact;
    unknown_runs_ = unknown_runs_ || job.unknown;
  }

  static Claim grown(const JobState& job) {
    return {job.expected, subtract(job.most, job.expected)};
  }

  void claim(const Claim& claim) {
    claims_.insert(std::upper_bound(claims_.begin(), claims_.end(), claim),
                   claim);
  }

  // The safe order: least left to grow first. The first one always runs.
  void choose_admitted() {
    for (const std::size_t i : ordered([this](std::size_t j) {
           return std::tuple(left_to_grow(jobs_[j]), -jobs_[j].age.count());
         })) {
      const JobState& job = jobs_[i];
      if (!job.admitted) continue;
      const bool fits =
          left_to_grow(job) <= left_ && !(job.unknown && unknown_runs_);
      if (fits || running_ == 0)
        run(i);
      else
        claim({job.current, subtract(job.most, job.current)});
    }
  }

  // After them the newborn, oldest first.
  void choose_newborn() {
    const auto late = longest_held();
    std::uint64_t beside = late ? room_beside(*late) : 0;
    for (const std::size_t i :
         ordered([this](std::size_t j) { return -jobs_[j].age.count(); })) {
      const JobState& job = jobs_[i];
      if (job.admitted || !may_start(job)) continue;
      if (late && i != *late) {
        if (left_to_grow(job) > beside) continue;
        beside -= left_to_grow(job);
      }
      run(i);
    }
  }

  // Of those that nobody is to overtake any more and that do not run.
  std::optional<std::size_t> longest_held() const {
    std::optional<std::size_t> late;
    for (std::size_t i = 0; i < jobs_.size(); ++i)
      if (!runs_[i] && jobs_[i].held > hold_max_ &&
          (!late || jobs_[i].held > jobs_[*late].held))
        late = i;
    return late;
  }

  // What is free for newborns once this one has grown and those have ended that
  // ran before it was stopped.
  std::uint64_t room_beside(std::size_t late) const {
    std::uint64_t used = add(base_, jobs_[late].expected);
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const JobState& job = jobs_[i];
      if (i == late) continue;
      if (!runs_[i])
        used = add(used, job.current);
      else if (job.admitted_for < jobs_[late].held)
        used = add(used, job.expected);
    }
    return subtract(cap_, used);
  }

  // As far as it fits and everybody can finish, one after the other: the
  // banker's rule.
  bool may_start(const JobState& job) const {
    if (job.unknown && unknown_runs_) return false;
    const std::uint64_t grows = left_to_grow(job);
    if (grows > left_) return false;
    return running_ == 0 || (all_exact_ && job.exact) ||
           all_can_finish(left_ - grows, grown(job));
  }

  // Whoever lacks least ends first and gives back what it has. `free` is what
  // is left when all have grown as expected, the newcomer among them.
  bool all_can_finish(std::uint64_t free, const Claim& newcomer) const {
    bool counted = false;
    const auto finish = [&free](const Claim& claim) {
      if (claim.lacks > free) return false;
      free = add(free, claim.has);
      return true;
    };
    for (const Claim& claim : claims_) {
      if (!counted && newcomer < claim) {
        if (!finish(newcomer)) return false;
        counted = true;
      }
      if (!finish(claim)) return false;
    }
    return counted || finish(newcomer);
  }

  // Where nothing fits: who has waited too long, else who grows least.
  std::size_t choose_one() const {
    std::size_t best = 0;
    const auto key = [this](std::size_t i) {
      const JobState& job = jobs_[i];
      const bool late = job.held > hold_max_;
      return std::tuple(!late, late ? -job.age.count() : 0, left_to_grow(job));
    };
    for (std::size_t i = 1; i < jobs_.size(); ++i)
      if (key(i) < key(best)) best = i;
    return best;
  }

  template <typename Key>
  std::vector<std::size_t> ordered(const Key& key) const {
    std::vector<std::size_t> order(jobs_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(
        order.begin(), order.end(),
        [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    return order;
  }

  const std::vector<JobState>& jobs_;
  std::uint64_t cap_;
  std::uint64_t base_;
  std::chrono::milliseconds hold_max_;
  std::vector<bool> runs_;
  std::size_t running_ = 0;
  std::uint64_t left_ = 0;     // less what the running ones will take
  std::vector<Claim> claims_;  // who lacks least first
  bool all_exact_ = true;
  bool unknown_runs_ = false;
};

}  // namespace

std::vector<bool> choose_running(const HoldRoom& room,
                                 const std::vector<JobState>& jobs) {
  return Choice(room, jobs).made();
}

}  // namespace fitrun
