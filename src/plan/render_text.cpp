#include "plan/render_text.h"

#include <fmt/format.h>

#include "base/text.h"
#include "plan/bar.h"
#include "plan/lease_lines.h"
#include "plan/text_rows.h"

namespace fitrun {
namespace {

std::string budget_origin(const PoolPlan& pool) {
  std::string text =
      fmt::format("x {:.6g} headroom ({})", pool.needs.headroom.value,
                  pool.needs.headroom.origin);
  if (!pool.binding.leased.empty()) text += " of both, less what is leased";
  if (pool.needs.reserve.value.count > 0) {
    text += fmt::format(", less {} reserve ({})",
                        format_limit(pool.needs.reserve.value.count),
                        pool.needs.reserve.origin);
  }
  return text;
}

// The sources that do not decide. Those without a number would only bury the
// rest: they are counted.
std::string other_rows(const PoolPlan& pool) {
  std::string out;
  std::size_t silent = 0;
  for (const Constraint& c : pool.reading.constraints) {
    if (c.name == pool.binding.name && c.where == pool.binding.where) continue;
    if (c.available) {
      out += row("", format_bytes(*c.available), "not binding",
                 c.name + ", " + c.where);
    } else {
      ++silent;
    }
  }
  if (silent > 0) {
    out += row("", "-", "no limit",
               counted(silent, "more source") + " (fitrun probe shows them)");
  }
  return out;
}

// What one pool, or one GPU of it, can give.
std::string available_rows(const PoolPlan& pool, const Constraint& binding,
                           const std::string& device) {
  std::string origin = binding.name;
  if (!binding.where.empty()) origin += ", " + binding.where;
  if (!device.empty()) origin += ", " + device;
  std::string out =
      row(name_of(pool.needs.pool),
          binding.name == "given" ? format_limit(*binding.available)
                                  : format_bytes(*binding.available),
          "available", origin);
  if (binding.leased.empty()) return out;
  return out + row("", format_bytes(lease_terms(binding).claimed), "leased",
                   held_by(binding));
}

std::string bar_of(const PoolPlan& pool, const Constraint& binding,
                   double budget, std::uint64_t workers,
                   const TextStyle& style) {
  BarInput bar;
  bar.budget = budget;
  bar.available = static_cast<double>(*binding.available);
  if (binding.limit && *binding.limit > *binding.available)
    bar.used = static_cast<double>(*binding.limit) - bar.available;
  bar.fixed = pool.fixed.bytes;
  bar.per_worker = pool.per_worker.bytes;
  bar.workers = workers;
  bar.set_aside = lease_terms(binding).claimed -
                  static_cast<double>(binding.used_by_leases);
  return "\n" + render_bar(bar, "        ", style);
}

std::string gpu_text(const GpuPlan& gpu) {
  const std::string number =
      gpu.gpu.number ? fmt::format(" {}", *gpu.gpu.number) : "";
  return fmt::format("GPU{} {} ({})", number, gpu.gpu.name, identity(gpu.gpu));
}

std::string pool_text(const PoolPlan& pool, const Plan& plan,
                      const TextStyle& style) {
  std::string out;
  if (pool.gpus.empty()) {
    out += available_rows(pool, pool.binding, "") + other_rows(pool);
  }
  for (const GpuPlan& gpu : pool.gpus)
    out += available_rows(pool, gpu.binding, gpu_text(gpu));
  if (pool.gpus.size() > 1) {
    out += row("", "", "spread",
               fmt::format("{} ({})", key_of(pool.needs.spread.value),
                           pool.needs.spread.origin));
  }
  out += row("", format_bytes(pool.fit.budget), "budget", budget_origin(pool));
  out += cost_rows("fixed", pool.fixed);
  out += cost_rows("per worker", pool.per_worker);
  for (const std::string& doubt : cost_warnings(pool.fixed, pool.per_worker))
    out += row("", "", "note", doubt);
  for (const std::string& sentence : pool.reading.diagnostics)
    out += row("", "", "note", sentence);
  if (pool.threads_without_deciding) {
    out += row("", "", "note",
               fmt::format("without {} it would be {}: leave it out of devices",
                           gpu_text(pool.gpus[pool.deciding]),
                           *pool.threads_without_deciding));
  }
  if (pool.gpus.empty())
    out += bar_of(pool, pool.binding, pool.fit.budget, plan.threads, style);
  for (const GpuPlan& gpu : pool.gpus)
    out +=
        bar_of(pool, gpu.binding, gpu.share.budget, gpu.share.threads, style);
  return out + "\n";
}

std::string title(const Plan& plan, const TextStyle& style) {
  const std::string label =
      plan.label.empty() ? "" : printable(plan.label) + ": ";
  const std::string count = counted(plan.threads, "worker");
  std::string text;
  if (plan.hold.active) {
    const std::string jobs = counted(plan.hold.width, "job");
    text = styled(label + "up to " + jobs, kBold, style) +
           ", held where they do not fit; without holding " + count;
  } else {
    text = styled(label + count, kBold, style) +
           fmt::format(" ({} wanted)", plan.want.value);
  }
  if (plan.swapping) {
    text += styled(", and even one does not fit", kYellow, style);
  } else if (plan.limited_by == "want") {
    text += ", as many as wanted";
  } else {
    const std::size_t colon = plan.limited_by.find(':');
    const auto pool = pool_from_key(plan.limited_by.substr(0, colon));
    text += ", limited by " +
            (pool ? std::string(name_of(*pool)) : printable(plan.limited_by));
    if (pool && colon != std::string::npos)
      text += " of " + printable(plan.limited_by.substr(colon + 1));
  }
  return text + "\n\n";
}

std::string runs(std::string_view what, const Launch& launch) {
  const auto& variables = launch.changes.set;
  std::string out = "  " + std::string(what) + "  ";
  for (const std::string& word : launch.command)
    out += shell_quoted(word) + " ";
  if (launch.command.empty()) out += "nothing: no command was given ";
  std::string with;
  for (const auto& [name, value] : variables) {
    if (name == "FITRUN_THREADS" && variables.size() > 1) continue;
    with += " " + name + "=" + shell_quoted(value);
  }
  return printable(out + "   with" + with) + "\n";
}

}  // namespace

std::string render_text(const Plan& plan, const TextStyle& style) {
  std::string out = title(plan, style);
  out += row("want", fmt::format("{}", plan.want.value), "workers",
             plan.want.origin);
  for (const PoolPlan& pool : plan.pools) out += pool_text(pool, plan, style);
  if (plan.hold.active) {
    out +=
        row("holds", format_bytes(plan.hold.cap), "for jobs",
            fmt::format("up to {} at once; those that do not fit are stopped "
                        "at birth ({}){}",
                        plan.hold.width, plan.hold.known(),
                        plan.hold.jobserver != Jobserver::none
                            ? "; a jobserver starts them"
                            : ""));
  }
  if (plan.copies.empty()) return out + runs("runs", plan.launch);
  for (const Launch& copy : plan.copies) out += runs("a copy", copy);
  return out;
}

}  // namespace fitrun
