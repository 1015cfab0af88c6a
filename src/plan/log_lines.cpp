#include "plan/log_lines.h"

namespace fitrun {
namespace {

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

// The original's line of what was found and decided.
std::string estimate(const PoolPlan& pool) {
  const std::string threads = number(pool.fit.threads);
  return std::string(name_of(pool.needs.pool)) + " free " +
         format_bytes(static_cast<double>(*pool.binding.available)) +
         ", budget " + format_bytes(pool.fit.budget) + "; fixed " +
         format_bytes(pool.fixed.bytes) + " + " + threads + " x " +
         format_bytes(pool.per_worker.bytes) + "/worker -> " + threads +
         " worker(s)";
}

// The original's warning, which speaks of the shared data whatever overflows.
std::string overflow(const PoolPlan& pool) {
  return "the shared data (" + format_bytes(pool.fixed.bytes) +
         ") does not fit the " + std::string(name_of(pool.needs.pool)) +
         " budget (" + format_bytes(pool.fit.budget) +
         ") -- running at 1 worker and relying on SWAP. Shrink the shared data "
         "(shard/cap/stream it) or accept the slowdown.";
}

// What the original's warning leaves out.
std::string overflow_cause(const PoolPlan& pool, const Plan& plan) {
  if (plan.threads > 1) {
    return "workers cost nothing beyond the shared data: all " +
           number(plan.threads) + " of them run";
  }
  if (pool.fixed.bytes > pool.fit.budget) return "";
  return "one worker more (" + format_bytes(pool.per_worker.bytes) +
         ") is what does not fit beside it";
}

std::string silent(const Constraint& c) {
  return c.name + " (" + c.where + ") is silent: " + c.reason;
}

std::string spoken(const Constraint& c) {
  std::string text = c.name + " (" + c.where + ") gives " +
                     format_bytes(static_cast<double>(*c.available));
  if (c.limit) text += ", limit " + format_bytes(static_cast<double>(*c.limit));
  if (c.used) text += ", used " + format_bytes(static_cast<double>(*c.used));
  return text;
}

}  // namespace

std::string no_fit_reason(const Plan& plan, const Sourced<OnNoFit>& on_no_fit) {
  std::string text = log_tag(plan.label) + "not even one worker fits: ";
  for (const PoolPlan& pool : plan.pools) {
    if (!pool.fit.swapping) continue;
    text += std::string(name_of(pool.needs.pool)) + " budget " +
            format_bytes(pool.fit.budget) + ", fixed " +
            format_bytes(pool.fixed.bytes) + ", " +
            format_bytes(pool.per_worker.bytes) + "/worker ";
  }
  return text +
         (on_no_fit.value == OnNoFit::wait ? "(the wait ran out)"
                                           : "(on_no_fit = \"fail\", ") +
         (on_no_fit.value == OnNoFit::wait ? "" : on_no_fit.origin + ")");
}

std::string log_tag(const std::string& label) {
  return label.empty() ? "[budget] " : "[budget:" + label + "] ";
}

std::vector<LogLine> log_lines(const Plan& plan, LogLevel least) {
  std::vector<LogLine> out;
  const auto say = [&](LogLevel level, const std::string& text) {
    if (!text.empty()) out.push_back({level, log_tag(plan.label) + text});
  };
  for (const PoolPlan& pool : plan.pools) {
    if (least <= LogLevel::detail) {
      for (const Constraint& c : pool.reading.constraints)
        say(LogLevel::detail, c.available ? spoken(c) : silent(c));
      for (const std::string& sentence : pool.reading.diagnostics)
        say(LogLevel::detail, sentence);
    }
    if (least <= LogLevel::info) say(LogLevel::info, estimate(pool));
    if (pool.fit.swapping) {
      say(LogLevel::warning, overflow(pool));
      say(LogLevel::warning, overflow_cause(pool, plan));
    }
  }
  if (plan.reduced && !plan.swapping && least <= LogLevel::info) {
    say(LogLevel::info, "reduced workers " + number(plan.want.value) + " -> " +
                            number(plan.threads) + " to stay out of swap");
  }
  if (!plan.count_used && !plan.command.empty()) {
    say(LogLevel::warning,
        "the command is not told the count: put '<threads>' into it, or set "
        "[inject.env] (FITRUN_THREADS=" +
            number(plan.threads) + " is in its environment)");
  }
  return out;
}

}  // namespace fitrun
