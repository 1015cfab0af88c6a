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
      : jobs_(jobs), hold_max_(room.hold_max), runs_(jobs.size(), false) {
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
  void run(std::size_t i) {
    runs_[i] = true;
    ++running_;
    left_ = subtract(left_, left_to_grow(jobs_[i]));
    may_need(subtract(jobs_[i].most, jobs_[i].expected));
    all_exact_ = all_exact_ && jobs_[i].exact;
    unknown_runs_ = unknown_runs_ || jobs_[i].unknown;
  }

  void may_need(std::uint64_t more) { more_ = std::max(more_, more); }

  // The safe order: least left to grow first. The first one always runs.
  void choose_admitted() {
    for (const std::size_t i : ordered([this](std::size_t j) {
           return std::tuple(left_to_grow(jobs_[j]), -jobs_[j].age.count());
         })) {
      if (!jobs_[i].admitted) continue;
      const bool fits = left_to_grow(jobs_[i]) <= left_ &&
                        !(jobs_[i].unknown && unknown_runs_);
      if (fits || running_ == 0)
        run(i);
      else
        may_need(subtract(jobs_[i].most, jobs_[i].current));
    }
  }

  // After them the newborn, oldest first, as far as somebody can always finish:
  // the banker's rule.
  void choose_newborn() {
    for (std::size_t i = 0; i < jobs_.size(); ++i)
      if (jobs_[i].admitted && !runs_[i] && jobs_[i].held > hold_max_) return;
    for (const std::size_t i :
         ordered([this](std::size_t j) { return -jobs_[j].age.count(); })) {
      const JobState& job = jobs_[i];
      if (job.admitted) continue;
      if (may_start(job))
        run(i);
      else if (job.held > hold_max_)
        return;
    }
  }

  bool may_start(const JobState& job) const {
    if (job.unknown && unknown_runs_) return false;
    const std::uint64_t grows = left_to_grow(job);
    if (grows > left_) return false;
    if (all_exact_ && job.exact) return true;
    // What runs may be of its size alone; beside another it leaves room for
    // whichever turns out to need most.
    const std::uint64_t more =
        std::max(more_, subtract(job.most, job.expected));
    return running_ == 0 || add(grows, more) <= left_;
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
  std::chrono::milliseconds hold_max_;
  std::vector<bool> runs_;
  std::size_t running_ = 0;
  std::uint64_t left_ = 0;  // less what the running ones will take
  std::uint64_t more_ = 0;  // than is expected, for one of them to end
  bool all_exact_ = true;
  bool unknown_runs_ = false;
};

}  // namespace

std::vector<bool> choose_running(const HoldRoom& room,
                                 const std::vector<JobState>& jobs) {
  return Choice(room, jobs).made();
}

}  // namespace fitrun
