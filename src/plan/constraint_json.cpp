#include "plan/constraint_json.h"

#include <nlohmann/json.hpp>

namespace fitrun {

nlohmann::ordered_json constraint_json(const Constraint& constraint) {
  nlohmann::ordered_json json = {{"name", constraint.name},
                                 {"where", constraint.where}};
  if (!constraint.file.empty()) {
    json["file"] = constraint.file;
    json["level"] = constraint.level;
  }
  const auto add = [&](const char* key, std::optional<std::uint64_t> bytes) {
    if (bytes) json[key] = *bytes;
  };
  add("limit", constraint.limit);
  add("used", constraint.used);
  add("reclaimable", constraint.reclaimable);
  add("available", constraint.available);
  if (constraint.available) {
    json["exact"] = constraint.exact;
  } else {
    json["reason"] = constraint.reason;
  }
  if (!constraint.leased.empty()) {
    auto leases = nlohmann::ordered_json::array();
    for (const LeaseShare& share : constraint.leased)
      leases.push_back({{"holder", share.holder},
                        {"bytes", share.bytes},
                        {"used", share.used}});
    json["leases"] = std::move(leases);
  }
  return json;
}

nlohmann::ordered_json caps_json(const std::vector<WorkerCap>& caps) {
  auto all = nlohmann::ordered_json::array();
  for (const WorkerCap& cap : caps) {
    nlohmann::ordered_json json = {{"name", cap.name},
                                   {"where", cap.where},
                                   {"limit", cap.limit},
                                   {"workers", cap.workers}};
    if (cap.used) json["used"] = *cap.used;
    all.push_back(std::move(json));
  }
  return all;
}

std::string dump_json(const nlohmann::ordered_json& json) {
  using Handler = nlohmann::ordered_json::error_handler_t;
  return json.dump(2, ' ', false, Handler::replace) + "\n";
}

}  // namespace fitrun
