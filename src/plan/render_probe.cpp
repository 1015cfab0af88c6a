#include "plan/render_probe.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "plan/advice.h"
#include "plan/constraint_json.h"
#include "plan/render_gpus.h"
#include "plan/text_rows.h"

namespace fitrun {
namespace {

using Json = nlohmann::ordered_json;

std::string limit(std::optional<std::uint64_t> bytes) {
  return bytes ? format_limit(*bytes) : "";
}

enum class Mark { none, binding };

std::string constraint_row(Mark mark, const std::string& available,
                           const Constraint& c, const std::string& source,
                           const TextStyle& style) {
  const std::string line = fmt::format(
      "  {} {:>10} {:>9} {:>9} {:>12}  {}", mark == Mark::binding ? '>' : ' ',
      available, limit(c.limit), bytes_or(c.used, ""),
      bytes_or(c.reclaimable, ""), printable(source));
  return (mark == Mark::binding ? styled(line, kBold, style) : line) + "\n";
}

// Near enough to the one that binds to bind after the next change.
bool is_close(const Constraint& c, const Constraint& bound) {
  const std::uint64_t margin = *bound.available / 10;
  return *c.available - *bound.available <= margin;
}

std::string source_of(const Constraint& c) {
  std::string text = c.name;
  if (!c.where.empty()) text += ", " + c.where;
  return text;
}

std::string spoken_rows(const PoolReading& reading, const TextStyle& style) {
  const Constraint* const bound = binding(reading);
  std::vector<const Constraint*> rows;
  for (const Constraint& c : reading.constraints)
    if (c.available) rows.push_back(&c);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Constraint* a, const Constraint* b) {
                     return *a->available < *b->available;
                   });
  std::string out;
  for (const Constraint* c : rows) {
    const bool binds = c == bound;
    std::string source = source_of(*c);
    if (!binds && is_close(*c, *bound)) source += " (close)";
    // "<=" where an unknown part of it may be in use.
    out += constraint_row(binds ? Mark::binding : Mark::none,
                          (c->exact ? "" : "<= ") + bytes_or(c->available, ""),
                          *c, source, style);
  }
  return out;
}

bool says_unlimited(const Constraint& c) {
  return !c.available && (c.reason == "max" || c.reason == "unlimited");
}

// Sources without a number: each with its reason, but for levels without a
// limit, which are many and all alike.
std::string silent_rows(const PoolReading& reading, const TextStyle& style) {
  std::string out;
  std::vector<std::pair<std::string, std::size_t>> unlimited;
  for (const Constraint& c : reading.constraints) {
    if (c.available) continue;
    if (!says_unlimited(c)) {
      out += constraint_row(Mark::none, "-", c, source_of(c) + ": " + c.reason,
                            style);
      continue;
    }
    const auto known =
        std::find_if(unlimited.begin(), unlimited.end(),
                     [&](const auto& entry) { return entry.first == c.name; });
    if (known != unlimited.end()) {
      ++known->second;
    } else {
      unlimited.emplace_back(c.name, 1);
    }
  }
  for (const auto& [name, levels] : unlimited) {
    out += constraint_row(
        Mark::none, "-", Constraint(),
        fmt::format("{}: no limit at {}", name, counted(levels, "level")),
        style);
  }
  return out;
}

std::string line(const char* label, const std::string& text,
                 const std::string& warning = "") {
  return fmt::format("  {:<9} {}{}\n", label, printable(text), warning);
}

std::string more_line(const std::string& advice) {
  return advice.empty() ? "" : line("for more", advice);
}

std::string pool_text(const PoolReading& reading, const TextStyle& style) {
  const Constraint* const bound = binding(reading);
  std::string head = std::string(name_of(reading.pool)) + ": ";
  if (bound) {
    head += bytes_or(bound->available, "") + " available";
    head =
        styled(head, kBold, style) + ", bound by " + printable(title(*bound));
  } else {
    head += "unknown: no source says how much is available";
  }
  std::string out = head + "\n\n";
  out += "     available     limit      used  reclaimable  source\n";
  out += spoken_rows(reading, style) + silent_rows(reading, style) + "\n";
  if (bound) out += more_line(advice(*bound));
  if (const auto& cap = reading.per_process_cap) {
    out += line("a process",
                "may have " + format_limit(cap->bytes) + ": " + cap->name);
    out += more_line(advice(*cap));
  }
  for (const std::string& sentence : reading.diagnostics)
    out += line("note", sentence);
  return out + "\n";
}

std::string caps_text(const std::vector<WorkerCap>& caps) {
  const WorkerCap* const cap = binding(caps);
  if (!cap) return "";
  std::string text =
      fmt::format("{} more, bound by {}, {} (limit {}", cap->workers, cap->name,
                  cap->where, cap->limit);
  if (cap->used) text += fmt::format(", used {}", *cap->used);
  return line("processes", text + ")") + more_line(advice(*cap));
}

std::string pressure_text(const MachineReading& machine,
                          const TextStyle& style) {
  if (!machine.pressure) return "";
  return line(
      "pressure",
      fmt::format("{:.2f} % of the last 10 s stalled, {}",
                  machine.pressure->full_avg10, machine.pressure->where),
      machine.pressure->full_avg10 > kHighPressure
          ? styled(": memory is short right now", kYellow, style)
          : "");
}

Json pool_json(const PoolReading& reading) {
  const Constraint* const bound = binding(reading);
  Json constraints = Json::array();
  for (const Constraint& c : reading.constraints)
    constraints.push_back(constraint_json(c));
  Json json = {
      {"pool", key_of(reading.pool)}, {"available", nullptr},
      {"binding", nullptr},           {"constraints", std::move(constraints)},
      {"per_process_cap", nullptr},   {"diagnostics", reading.diagnostics}};
  if (bound) {
    json["available"] = *bound->available;
    json["binding"] = bound->name;
    json["advice"] = advice(*bound);
  }
  if (const auto& cap = reading.per_process_cap)
    json["per_process_cap"] = {{"name", cap->name}, {"bytes", cap->bytes}};
  return json;
}

}  // namespace

std::string render_probe_text(const MachineReading& machine,
                              const TextStyle& style) {
  std::string out;
  for (const PoolReading& reading : machine.pools)
    out += pool_text(reading, style);
  if (!machine.gpus.gpus.empty())
    out += render_gpus_text(machine.gpus.gpus, style) + "\n";
  for (const std::string& note : machine.gpus.notes) out += line("GPUs", note);
  if (machine.gpus.gpus.empty() && machine.gpus.error) {
    const std::string& why = machine.gpus.error->message;
    out += line("GPUs", why.substr(0, why.find('\n')));
  }
  out += line("CPUs",
              fmt::format("{}, {}", machine.cpus.value, machine.cpus.origin));
  return out + caps_text(machine.worker_caps) + pressure_text(machine, style);
}

std::string render_probe_json(const MachineReading& machine) {
  Json pools = Json::array();
  for (const PoolReading& reading : machine.pools)
    pools.push_back(pool_json(reading));
  Json json = {
      {"pools", std::move(pools)},
      {"cpus",
       {{"value", machine.cpus.value}, {"origin", machine.cpus.origin}}},
      {"caps", caps_json(machine.worker_caps)},
      {"pressure", nullptr},
      {"gpus", gpus_json(machine.gpus.gpus)},
      {"gpu_notes", machine.gpus.notes}};
  if (machine.gpus.error) json["gpu_error"] = machine.gpus.error->message;
  if (const auto& pressure = machine.pressure) {
    json["pressure"] = {{"where", pressure->where},
                        {"full_avg10", pressure->full_avg10}};
  }
  return dump_json(json);
}

}  // namespace fitrun
