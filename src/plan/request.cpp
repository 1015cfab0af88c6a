#include "plan/request.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/saturate.h"
#include "base/text.h"
#include "fit/headroom.h"
#include "fit/request.h"
#include "plan/constraint_json.h"
#include "plan/cost_json.h"
#include "plan/pools.h"
#include "plan/text_rows.h"

namespace fitrun {
namespace {

using Json = nlohmann::ordered_json;

FitInput need_of(const PoolRequest& pool, std::uint64_t workers) {
  FitInput need;
  need.headroom = pool.needs.headroom.value;
  need.reserve = static_cast<double>(pool.needs.reserve.value.count);
  need.fixed = pool.fixed.bytes;
  need.per_worker = pool.per_worker.bytes;
  need.want = workers;
  return need;
}

bool has_free_workers(const PoolRequest& pool) {
  return pool.per_worker.bytes <= 0;
}

// "fixed 65 MB + 4 x 50 MB/worker".
std::string costs_text(const PoolRequest& pool, std::uint64_t workers) {
  std::string text;
  if (pool.fixed.bytes > 0)
    text = fmt::format("fixed {} + ", format_bytes(pool.fixed.bytes));
  text += fmt::format("{} x {}/worker", workers,
                      format_bytes(pool.per_worker.bytes));
  if (pool.needs.reserve.value.count > 0)
    text += fmt::format(" + reserve {}",
                        format_bytes(pool.needs.reserve.value.count));
  return text;
}

// "(fixed 65 MB + 4 x 50 MB/worker) / 0.7 headroom (default) + 17 MB ...".
std::string formula(const PoolRequest& pool, std::uint64_t workers) {
  std::string text =
      fmt::format("({}) / {:.6g} headroom ({})", costs_text(pool, workers),
                  pool.needs.headroom.value, pool.needs.headroom.origin);
  if (pool.base > 0)
    text +=
        fmt::format(" + {} for what runs beside them", format_bytes(pool.base));
  return text;
}

// With the headroom of measured costs in place of the default.
MemoryRequest as_measured(MemoryRequest request) {
  for (PoolRequest& pool : request.pools)
    pool.bytes = pool.if_measured.value_or(pool.bytes);
  return request;
}

// What would do with the headroom of measured costs; empty where it is as much.
std::string measured_text(const MemoryRequest& request,
                          const Scheduler& scheduler) {
  const auto text = request_text(scheduler, amounts_of(request));
  const auto less = request_text(scheduler, amounts_of(as_measured(request)));
  if (!text || !less || *text == *less) return "";
  if (less->find('\n') == std::string::npos) return *less;
  std::string sizes;
  for (const PoolRequest& pool : request.pools) {
    if (!pool.if_measured) continue;
    sizes +=
        fmt::format("{}{} {}", sizes.empty() ? "" : ", ",
                    name_of(pool.needs.pool), format_bytes(*pool.if_measured));
  }
  return sizes;
}

// What a scheduler cannot be asked for has to be seen to by hand.
std::string vram_text(std::string_view who, std::uint64_t bytes) {
  return fmt::format(
      "{} cannot be asked for an amount of VRAM: choose a GPU with {} free",
      who, format_bytes(bytes));
}

std::vector<std::string> doubts(const MemoryRequest& request) {
  std::vector<std::string> all;
  if (request.workers.value < request.least_known) {
    all.push_back(fmt::format(
        "the runs had {0} workers each: fewer may take as much; ask "
        "with --want {0} to be safe",
        request.least_known));
  }
  for (const PoolRequest& pool : request.pools) {
    std::ranges::copy(cost_warnings(pool.fixed, pool.per_worker),
                      std::back_inserter(all));
    if (has_free_workers(pool)) {
      all.push_back(
          fmt::format("workers cost no {} of their own: the request is the "
                      "same for any number of them",
                      name_of(pool.needs.pool)));
    }
  }
  return all;
}

std::string pool_rows(const PoolRequest& pool, std::uint64_t workers) {
  std::string out = row(name_of(pool.needs.pool), format_bytes(pool.bytes),
                        "to ask for", formula(pool, workers));
  if (pool.if_measured) {
    out += row("", format_bytes(*pool.if_measured), "or",
               fmt::format("with --headroom {:.6g}, as measured costs have",
                           kCountedCeiling));
  }
  return out + cost_rows("fixed", pool.fixed) +
         cost_rows("per worker", pool.per_worker);
}

// A text of several lines stays below its first one.
std::string scheduler_rows(const Scheduler& scheduler, const Amounts& amounts) {
  const auto text = request_text(scheduler, amounts);
  if (!text) {
    return fmt::format("  {:<11} - ({})\n", scheduler.name,
                       text.error().message);
  }
  std::string out;
  for (const std::string_view line : lines(*text))
    out +=
        fmt::format("  {:<11} {}\n", out.empty() ? scheduler.name : "", line);
  return out;
}

Json pool_json(const PoolRequest& pool) {
  Json json = {{"pool", key_of(pool.needs.pool)},
               {"bytes", pool.bytes},
               {"base", pool.base},
               {"headroom", pool.needs.headroom.value},
               {"headroom_origin", pool.needs.headroom.origin},
               {"reserve", pool.needs.reserve.value.count},
               {"reserve_origin", pool.needs.reserve.origin},
               {"fixed", whole_bytes(pool.fixed.bytes)},
               {"fixed_items", items_json(pool.fixed)},
               {"per_worker", whole_bytes(pool.per_worker.bytes)},
               {"per_worker_items", items_json(pool.per_worker)}};
  if (pool.if_measured) json["bytes_if_measured"] = *pool.if_measured;
  return json;
}

Json scheduler_json(const Scheduler& scheduler, const Amounts& amounts) {
  Json json = {{"for", scheduler.name}};
  const auto text = request_text(scheduler, amounts);
  if (text) {
    json["text"] = *text;
  } else {
    json["error"] = text.error().message;
  }
  if (amounts.ram) {
    json["bytes"] = rounded_ram(scheduler, *amounts.ram, amounts.workers);
  }
  if (!scheduler.note.empty()) json["note"] = scheduler.note;
  return json;
}

}  // namespace

Result<MemoryRequest> make_request(MemoryRequest request) {
  const std::uint64_t workers =
      std::max<std::uint64_t>(1, request.workers.value);
  request.workers.value = workers;
  for (PoolRequest& pool : request.pools) {
    pool.base = pool.needs.pool == Pool::ram ? kRequestBase : 0;
    FitInput need = need_of(pool, workers);
    const auto bytes = bytes_for(need);
    if (!bytes) {
      return Error{fmt::format(
          "no machine has the {} that {} need: {}", name_of(pool.needs.pool),
          counted(workers, "worker"), costs_text(pool, workers))};
    }
    pool.bytes = add(*bytes, pool.base);
    if (pool.needs.headroom.origin != "default") continue;
    need.headroom = kCountedCeiling;
    if (const auto less = bytes_for(need))
      pool.if_measured = add(*less, pool.base);
  }
  return request;
}

Amounts amounts_of(const MemoryRequest& request) {
  Amounts amounts;
  amounts.workers = request.workers.value;
  for (const PoolRequest& pool : request.pools)
    (pool.needs.pool == Pool::ram ? amounts.ram : amounts.vram) = pool.bytes;
  return amounts;
}

std::vector<LogLine> request_lines(const MemoryRequest& request,
                                   const Scheduler* scheduler, LogLevel least) {
  std::vector<LogLine> out;
  const auto say = [&](LogLevel level, const std::string& text) {
    if (level >= least) out.push_back({level, log_tag(request.label) + text});
  };
  const std::uint64_t workers = request.workers.value;
  if (request.counts_cpus) {
    say(LogLevel::info,
        fmt::format("as many workers as this machine has CPUs, {}; --want says "
                    "otherwise",
                    workers));
  }
  for (const std::string& doubt : doubts(request))
    say(LogLevel::warning, doubt);
  if (!scheduler) return out;
  for (const PoolRequest& pool : request.pools) {
    say(LogLevel::info,
        fmt::format("{} {} -> {}", name_of(pool.needs.pool),
                    formula(pool, workers), format_bytes(pool.bytes)));
  }
  const Amounts amounts = amounts_of(request);
  if (const std::string less = measured_text(request, *scheduler);
      !less.empty()) {
    say(LogLevel::info,
        fmt::format("with --headroom {:.6g}, as measured costs have: {}",
                    kCountedCeiling, less));
  }
  if (amounts.ram && amounts.vram && scheduler->vram.empty())
    say(LogLevel::warning, vram_text(scheduler->name, *amounts.vram));
  if (!scheduler->note.empty())
    say(LogLevel::info,
        fmt::format("{}: {}", scheduler->name, scheduler->note));
  return out;
}

std::string render_request(const MemoryRequest& request,
                           const TextStyle& style) {
  const std::uint64_t workers = request.workers.value;
  std::string title;
  for (const PoolRequest& pool : request.pools) {
    title += fmt::format("{}{} of {}", title.empty() ? "" : " and ",
                         format_bytes(pool.bytes), name_of(pool.needs.pool));
  }
  const std::string label =
      request.label.empty() ? "" : printable(request.label) + ": ";
  std::string out =
      styled(fmt::format("{}ask for {}", label, title), kBold, style) +
      fmt::format(", so that {} fit{}\n\n", counted(workers, "worker"),
                  workers == 1 ? "s" : "");
  out += row("want", fmt::format("{}", workers), "workers",
             request.workers.origin);
  for (const PoolRequest& pool : request.pools) out += pool_rows(pool, workers);
  out += "\n";
  const Amounts amounts = amounts_of(request);
  std::string without;
  for (const Scheduler& each : schedulers()) {
    out += scheduler_rows(each, amounts);
    if (each.vram.empty())
      without += (without.empty() ? "" : ", ") + std::string(each.name);
  }
  if (amounts.vram) out += "\n  " + vram_text(without, *amounts.vram) + "\n";
  return out;
}

std::string request_json(const MemoryRequest& request,
                         const Scheduler* scheduler) {
  const Amounts amounts = amounts_of(request);
  Json pools = Json::array();
  for (const PoolRequest& pool : request.pools)
    pools.push_back(pool_json(pool));
  Json asked = Json::array();
  for (const Scheduler& each : schedulers())
    if (!scheduler || scheduler == &each)
      asked.push_back(scheduler_json(each, amounts));
  return dump_json(
      {{"label", request.label},
       {"stage", request.stage},
       {"workers",
        {{"value", request.workers.value}, {"origin", request.workers.origin}}},
       {"pools", std::move(pools)},
       {"requests", std::move(asked)}});
}

}  // namespace fitrun
