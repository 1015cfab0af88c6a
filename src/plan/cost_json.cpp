#include "plan/cost_json.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace fitrun {

nlohmann::ordered_json items_json(const CostSum& cost) {
  auto items = nlohmann::ordered_json::array();
  for (const CostItem& item : cost.items) {
    nlohmann::ordered_json json = {{"bytes", whole_bytes(item.bytes)},
                                   {"origin", item.origin}};
    if (!item.what.empty()) json["what"] = item.what;
    if (!item.warning.empty()) json["warning"] = item.warning;
    items.push_back(std::move(json));
  }
  return items;
}

}  // namespace fitrun
