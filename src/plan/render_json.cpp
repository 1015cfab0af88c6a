#include "plan/render_json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "plan/constraint_json.h"
#include "plan/cost_json.h"

namespace fitrun {
namespace {

using Json = nlohmann::ordered_json;

// What leases have of a constraint, beside what it gives.
void add_lease_terms(const Constraint& c, Json& json) {
  json["used_by_leases"] = c.used_by_leases;
  json["leased"] = whole_bytes(lease_terms(c).claimed);
}

Json pool_json(const PoolPlan& pool) {
  Json constraints = Json::array();
  for (const Constraint& c : pool.reading.constraints) {
    constraints.push_back(constraint_json(c));
    if (!c.leased.empty()) add_lease_terms(c, constraints.back());
  }
  Json json = {{"pool", key_of(pool.needs.pool)},
               {"threads", pool.fit.threads},
               {"available", *pool.binding.available},
               {"used_by_leases", pool.binding.used_by_leases},
               {"leased", whole_bytes(lease_terms(pool.binding).claimed)},
               {"binding", pool.binding.name},
               {"headroom", pool.needs.headroom.value},
               {"headroom_origin", pool.needs.headroom.origin},
               {"reserve", pool.needs.reserve.value.count},
               {"reserve_origin", pool.needs.reserve.origin},
               {"budget", whole_bytes(pool.fit.budget)},
               {"fixed", whole_bytes(pool.fixed.bytes)},
               {"fixed_items", items_json(pool.fixed)},
               {"per_worker", whole_bytes(pool.per_worker.bytes)},
               {"per_worker_items", items_json(pool.per_worker)},
               {"reduced", pool.fit.reduced},
               {"swapping", pool.fit.swapping},
               {"constraints", std::move(constraints)},
               {"diagnostics", pool.reading.diagnostics}};
  if (const auto& cap = pool.reading.per_process_cap)
    json["per_process_cap"] = {{"name", cap->name}, {"bytes", cap->bytes}};
  if (pool.gpus.empty()) return json;
  json["spread"] = key_of(pool.needs.spread.value);
  json["devices"] = Json::array();
  for (const GpuPlan& gpu : pool.gpus) {
    Json device = {{"device", identity(gpu.gpu)},
                   {"name", gpu.gpu.name},
                   {"source", gpu.gpu.source},
                   {"available", *gpu.binding.available},
                   {"used_by_leases", gpu.binding.used_by_leases},
                   {"leased", whole_bytes(lease_terms(gpu.binding).claimed)},
                   {"binding", gpu.binding.name},
                   {"budget", whole_bytes(gpu.share.budget)},
                   {"fits", gpu.share.fits},
                   {"threads", gpu.share.threads}};
    if (gpu.gpu.number) device["number"] = *gpu.gpu.number;
    json["devices"].push_back(std::move(device));
  }
  return json;
}

bool is_shell_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         name.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

std::string render_json(const Plan& plan) {
  Json pools = Json::array();
  for (const PoolPlan& pool : plan.pools) pools.push_back(pool_json(pool));
  Json environment = Json::object();
  for (const auto& [name, value] : plan.launch.changes.set)
    environment[name] = value;
  Json json = {
      {"label", plan.label},
      {"stage", plan.stage},
      {"threads", plan.threads},
      {"reduced", plan.reduced},
      {"swapping", plan.swapping},
      {"limited_by", plan.limited_by},
      {"want", {{"value", plan.want.value}, {"origin", plan.want.origin}}},
      {"pools", std::move(pools)},
      {"caps", caps_json(plan.caps)},
      {"hold",
       {{"active", plan.hold.active},
        {"width", plan.hold.width},
        {"cap", plan.hold.cap},
        {"known", plan.hold.kinds.known},
        {"kinds", plan.hold.kinds.seen},
        {"jobserver", plan.hold.jobserver != Jobserver::none}}},
      {"command", plan.launch.command},
      {"env", std::move(environment)}};
  if (!plan.copies.empty()) json["copies"] = Json::array();
  for (const Launch& copy : plan.copies) {
    Json variables = Json::object();
    for (const auto& [name, value] : copy.changes.set) variables[name] = value;
    json["copies"].push_back({{"threads", copy.threads},
                              {"command", copy.command},
                              {"env", std::move(variables)}});
  }
  return dump_json(json);
}

std::string render_shell(const Plan& plan) {
  std::string out;
  const auto line = [&](std::string_view name, std::string_view value) {
    if (is_shell_name(name))
      out += std::string(name) + "=" + shell_quoted(value) + "\n";
  };
  line("FITRUN_THREADS", std::to_string(plan.threads));
  line("FITRUN_REDUCED", plan.reduced ? "1" : "0");
  line("FITRUN_SWAPPING", plan.swapping ? "1" : "0");
  line("FITRUN_LIMITED_BY", plan.limited_by);
  for (const auto& [name, value] : plan.launch.changes.set)
    if (name != "FITRUN_THREADS") line(name, value);
  return out;
}

}  // namespace fitrun
