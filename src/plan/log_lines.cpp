#include "plan/log_lines.h"

#include <algorithm>

#include <fmt/format.h>

#include "plan/lease_lines.h"

namespace fitrun {
namespace {

bool has_costs(const PoolPlan& pool) {
  return pool.fixed.bytes > 0 || pool.per_worker.bytes > 0 ||
         !pool.needs.fixed.empty() || !pool.needs.per_worker.empty();
}

// Where nothing limits the count and nobody asked for one, none has to arrive.
bool is_count_meant(const Plan& plan) {
  return plan.want.origin == "--want" ||
         std::any_of(plan.pools.begin(), plan.pools.end(), has_costs);
}

// The original's line of what was found and decided.
std::string estimate(const PoolPlan& pool) {
  if (!has_costs(pool)) {
    return fmt::format(
        "{} free {}; nothing says what a worker costs, so nothing limits it -> "
        "{} worker(s) (--per-worker SIZE would)",
        name_of(pool.needs.pool), format_bytes(*pool.binding.available),
        pool.fit.threads);
  }
  return fmt::format(
      "{} free {}, budget {}; fixed {} + {} x {}/worker -> {} worker(s)",
      name_of(pool.needs.pool), format_bytes(*pool.binding.available),
      format_bytes(pool.fit.budget), format_bytes(pool.fixed.bytes),
      pool.fit.threads, format_bytes(pool.per_worker.bytes), pool.fit.threads);
}

// In place of that where jobs are held.
std::string hold_line(const Plan& plan, const PoolPlan& pool) {
  const HoldPlan& hold = plan.hold;
  if (hold.outside) {
    return fmt::format("up to {} jobs, held by the launch around this one",
                       hold.width);
  }
  return fmt::format(
      "{} free {}, budget {}; up to {} jobs, held where they do not fit ({})",
      name_of(pool.needs.pool), format_bytes(*pool.binding.available),
      format_bytes(hold.cap), hold.width, hold.known());
}

// That even one worker is too many. The original's warning where the shared
// data alone is; its word on swap stays with it, wherever it is said.
std::string overflow(const PoolPlan& pool) {
  const std::string budget =
      fmt::format("the {} budget ({})", name_of(pool.needs.pool),
                  format_bytes(pool.fit.budget));
  if (pool.fixed.bytes > 0 && pool.fixed.bytes > pool.fit.budget) {
    return fmt::format(
        "the shared data ({}) does not fit {} -- running at 1 worker and "
        "relying on SWAP. Shrink the shared data (shard/cap/stream it) or "
        "accept the slowdown.",
        format_bytes(pool.fixed.bytes), budget);
  }
  const std::string beside = pool.fixed.bytes > 0
                                 ? fmt::format(" beside the shared data ({})",
                                               format_bytes(pool.fixed.bytes))
                                 : "";
  return fmt::format(
      "a single worker ({}) does not fit {}{} -- running at 1 worker all the "
      "same{}",
      format_bytes(pool.per_worker.bytes), budget, beside,
      pool.reading.swap > 0
          ? " and relying on swap. Shrink the worker or accept the slowdown."
          : ", which may end for lack of memory. Shrink the worker.");
}

// What the original's warning leaves out: workers that cost nothing beyond the
// shared data are not reduced.
std::string free_workers_line(const Plan& plan) {
  if (plan.threads <= 1) return "";
  return fmt::format(
      "workers cost nothing beyond the shared data: all {} of them run",
      plan.threads);
}

// Where something other than the host's free memory decides, and room is short.
std::string limit_line(const PoolPlan& pool) {
  const Constraint& c = pool.binding;
  if (c.name == "host.mem_available" || c.name == "given" ||
      c.name == "custom.probe" ||
      (pool.needs.pool == Pool::vram && c.file.empty()))
    return "";
  std::string text =
      fmt::format("{} is limited by {}", name_of(pool.needs.pool), title(c));
  if (c.file.empty() && !c.where.empty()) text += " (" + c.where + ")";
  if (!c.limit || !c.used) return text;
  return text + fmt::format(" (limit {}, used {})", format_limit(*c.limit),
                            format_bytes(*c.used));
}

// Where each GPU gets its own part of the workers.
std::string gpus_line(const PoolPlan& pool) {
  if (pool.gpus.size() < 2) return "";
  std::string text = "workers on each GPU:";
  for (const GpuPlan& gpu : pool.gpus)
    text += fmt::format(" {} on {},", gpu.share.threads, identity(gpu.gpu));
  text.back() = ' ';
  text += fmt::format("(spread = \"{}\")", key_of(pool.needs.spread.value));
  if (pool.threads_without_deciding) {
    text += fmt::format("; without {} it would be {} in all",
                        identity(pool.gpus[pool.deciding].gpu),
                        *pool.threads_without_deciding);
  }
  return text;
}

// The context of CUDA alone takes 300 to 500 MB in each process (PyTorch and
// TorchServe users measured it), so a smaller worker was counted without it.
std::string cuda_context_line(const PoolPlan& pool) {
  constexpr double kContext = 300.0 * (1 << 20);
  if (pool.gpus.empty() || pool.gpus[0].gpu.vendor != GpuVendor::nvidia ||
      pool.per_worker.bytes <= 0 || pool.per_worker.bytes >= kContext)
    return "";
  return fmt::format(
      "per_worker in VRAM is {}, but a CUDA context alone takes 300 to 500 MB "
      "in each process: measure a worker as the drop of free VRAM",
      format_bytes(pool.per_worker.bytes));
}

// Costs that no single process may reach, as `ulimit -v` would end it.
std::string process_cap_line(const PoolPlan& pool) {
  const auto& cap = pool.reading.per_process_cap;
  if (!cap) return "";
  const auto bytes = static_cast<double>(cap->bytes);
  const bool worker = pool.per_worker.bytes > bytes;
  if (!worker && pool.fixed.bytes <= bytes) return "";
  return fmt::format(
      "{} ({}) is larger than one process may be: {} is {}",
      worker ? "a worker" : "the shared data",
      format_bytes(worker ? pool.per_worker.bytes : pool.fixed.bytes),
      cap->name, format_limit(cap->bytes));
}

std::string cap_line(const Plan& plan) {
  const WorkerCap* const cap = binding(plan.caps);
  if (!cap || cap->name != plan.limited_by) return "";
  std::string text =
      fmt::format("reduced workers {} -> {}: ", plan.want.value, plan.threads);
  if (cap->name == kOneCountCap) {
    return text + fmt::format(
                      "{} do not fit, and no run shows that fewer take "
                      "less ({})",
                      cap->limit, cap->where);
  }
  if (cap->name == kHistoryCap) {
    return text +
           fmt::format("with {} the kernel has killed for lack of memory ({})",
                       cap->limit, cap->where);
  }
  text += fmt::format("{} ({}) allows {} processes", cap->name, cap->where,
                      cap->limit);
  if (cap->used) text += fmt::format(", {} are there", *cap->used);
  return text;
}

std::string pressure_line(const Plan& plan) {
  if (!plan.pressure || plan.pressure->full_avg10 <= kHighPressure) return "";
  return fmt::format(
      "memory is short right now: for {:.0f} % of the last 10 s nothing could "
      "run for want of it ({})",
      plan.pressure->full_avg10, plan.pressure->where);
}

std::string silent(const Constraint& c) {
  return fmt::format("{} ({}) is silent: {}", c.name, c.where, c.reason);
}

std::string spoken(const Constraint& c) {
  std::string text = fmt::format("{} ({}) gives {}", c.name, c.where,
                                 format_bytes(*c.available));
  if (c.limit) text += ", limit " + format_limit(*c.limit);
  if (c.used) text += ", used " + format_bytes(*c.used);
  return text;
}

}  // namespace

std::string no_fit_reason(const Plan& plan, const Sourced<OnNoFit>& on_no_fit) {
  std::string text = log_tag(plan.label) + "not even one worker fits: ";
  for (const PoolPlan& pool : plan.pools) {
    if (!pool.fit.swapping) continue;
    text += name_of(pool.needs.pool);
    if (!pool.gpus.empty())
      text += " of " + identity(pool.gpus[pool.deciding].gpu);
    text += fmt::format(
        " budget {}, fixed {}, {}/worker ", format_bytes(pool.fit.budget),
        format_bytes(pool.fixed.bytes), format_bytes(pool.per_worker.bytes));
  }
  const std::string leases = for_leases_note(plan);
  if (!leases.empty()) text += leases + "; --wait waits until it fits ";
  return text +
         (on_no_fit.value == OnNoFit::wait
              ? "(the wait ran out)"
              : fmt::format("(on_no_fit = \"fail\", {})", on_no_fit.origin));
}

std::string waiting_line(const Plan& plan,
                         std::optional<std::chrono::milliseconds> timeout) {
  std::string text = log_tag(plan.label) + "not even one worker fits now";
  const std::string leases = for_leases_note(plan);
  if (!leases.empty()) text += " " + leases;
  text += ": waiting";
  if (!timeout) return text + " without end (^C gives up)";
  return text + fmt::format(" for up to {:.10g} s",
                            static_cast<double>(timeout->count()) / 1e3);
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
    if (least <= LogLevel::info)
      say(LogLevel::info,
          plan.hold.keeps_width() ? hold_line(plan, pool) : estimate(pool));
    if (least <= LogLevel::info) {
      say(LogLevel::info, limit_line(pool));
      if (!no_fit_for_leases(pool)) say(LogLevel::info, leases_line(pool));
    }
    if (least <= LogLevel::info) say(LogLevel::info, gpus_line(pool));
    for (const std::string& doubt : cost_warnings(pool.fixed, pool.per_worker))
      say(LogLevel::warning, doubt);
    say(LogLevel::warning, cuda_context_line(pool));
    say(LogLevel::warning, process_cap_line(pool));
    if (plan.hold.keeps_width()) continue;
    if (no_fit_for_leases(pool)) {
      say(LogLevel::warning, no_fit_for_leases_line(pool));
    } else if (pool.fit.swapping) {
      say(LogLevel::warning, overflow(pool));
      say(LogLevel::warning, free_workers_line(plan));
    }
  }
  if (plan.hold.keeps_width()) {
    // The count is what was wanted.
  } else if (const std::string by_cap = cap_line(plan); !by_cap.empty()) {
    say(LogLevel::info, by_cap);
  } else if (plan.reduced && !plan.swapping && least <= LogLevel::info) {
    say(LogLevel::info,
        reduced_for_leases(plan)
            ? reduced_for_leases_line(plan)
            : fmt::format("reduced workers {} -> {} to stay out of swap",
                          plan.want.value, plan.threads));
  }
  say(LogLevel::warning, pressure_line(plan));
  // A jobserver's own number is as wanted, and too many where that was reduced.
  const bool meant =
      (plan.arrival.by_jobserver && !plan.reduced) || !is_count_meant(plan);
  if (!meant || least <= LogLevel::detail)
    say(meant ? LogLevel::detail : LogLevel::warning, plan.arrival.missing);
  return out;
}

}  // namespace fitrun
