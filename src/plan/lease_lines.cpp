#include "plan/lease_lines.h"

#include <algorithm>

#include <fmt/format.h>

namespace fitrun {
namespace {

constexpr std::size_t kNamed = 3;  // holders in one line

std::string claimed(const Constraint& c) {
  return format_bytes(lease_terms(c).claimed);
}

}  // namespace

std::string holders(const Constraint& constraint) {
  std::vector<LeaseShare> shares = constraint.leased;
  std::ranges::stable_sort(shares, std::ranges::greater(), &LeaseShare::bytes);
  const std::size_t named = shares.size() == kNamed + 1
                                ? shares.size()
                                : std::min(kNamed, shares.size());
  std::string text;
  for (std::size_t i = 0; i < named; ++i) {
    if (i > 0) text += i + 1 == shares.size() ? " and " : ", ";
    text += shares[i].holder;
  }
  if (named < shares.size())
    text += fmt::format(" and {} more", shares.size() - named);
  return text;
}

std::string held_by(const Constraint& constraint) {
  const auto used = static_cast<double>(constraint.used_by_leases);
  return "by " + holders(constraint) +
         (used > 0 ? fmt::format(", {} of it in use", format_bytes(used)) : "");
}

bool no_fit_for_leases(const PoolPlan& pool) {
  return pool.fit.swapping && pool.fit_alone && !pool.fit_alone->swapping;
}

bool reduced_for_leases(const Plan& plan) {
  return plan.reduced &&
         std::ranges::all_of(plan.pools, [](const PoolPlan& pool) {
           return !pool.fit.reduced ||
                  (pool.fit_alone && !pool.fit_alone->reduced);
         });
}

std::string leases_line(const PoolPlan& pool) {
  if (pool.binding.leased.empty()) return "";
  return fmt::format("{} of the {} is set aside {} (fitrun leases)",
                     claimed(pool.binding), name_of(pool.needs.pool),
                     held_by(pool.binding));
}

std::string no_fit_for_leases_line(const PoolPlan& pool) {
  const std::string worker =
      fmt::format("a single worker ({})", format_bytes(pool.per_worker.bytes));
  const std::string data =
      fmt::format("the shared data ({})", format_bytes(pool.fixed.bytes));
  const bool free_workers = pool.per_worker.bytes <= 0;
  return fmt::format(
      "{} does not fit the {} budget ({}) beside {} set aside {} -- running "
      "all the same. With --wait it starts when it fits.",
      free_workers           ? data
      : pool.fixed.bytes > 0 ? worker + " with " + data
                             : worker,
      name_of(pool.needs.pool), format_bytes(pool.fit.budget),
      claimed(pool.binding), held_by(pool.binding));
}

std::string reduced_for_leases_line(const Plan& plan) {
  return fmt::format(
      "reduced workers {} -> {} beside what other launches have set aside "
      "(--wait would wait for the first worker's room only)",
      plan.want.value, plan.threads);
}

std::string for_leases_note(const Plan& plan) {
  for (const PoolPlan& pool : plan.pools) {
    if (!no_fit_for_leases(pool)) continue;
    return fmt::format("beside {} of the {} set aside {}",
                       claimed(pool.binding), name_of(pool.needs.pool),
                       held_by(pool.binding));
  }
  return "";
}

}  // namespace fitrun
