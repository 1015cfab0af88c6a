#include "plan/text_rows.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace fitrun {
namespace {

std::string item_text(const CostItem& item) {
  if (item.what.empty()) return item.origin;
  return fmt::format("{} ({})", item.what, item.origin);
}

}  // namespace

std::string row(std::string_view pool, const std::string& value,
                std::string_view what, const std::string& origin) {
  std::string line = fmt::format("  {:<5.5} {:>9}  {:<12}  {}", pool, value,
                                 what, printable(origin));
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string bytes_or(std::optional<std::uint64_t> bytes,
                     std::string_view otherwise) {
  return bytes ? format_bytes(*bytes) : std::string(otherwise);
}

std::string cost_rows(std::string_view what, const CostSum& cost) {
  if (cost.items.empty()) return "";
  const bool single = cost.items.size() == 1;
  std::string out = row("", format_limit(whole_bytes(cost.bytes)), what,
                        single ? item_text(cost.items.front()) : "the sum of");
  if (single) return out;
  for (const CostItem& item : cost.items) {
    out += row("", "", "",
               fmt::format("{:>10}  {}", format_limit(whole_bytes(item.bytes)),
                           item_text(item)));
  }
  return out;
}

}  // namespace fitrun
