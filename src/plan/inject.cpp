#include "plan/inject.h"

#include <optional>

namespace fitrun {
namespace {

std::optional<std::string> value_of(std::string_view name,
                                    const Placeholders& values) {
  if (name == "threads") return std::to_string(values.threads);
  if (name == "input" && !values.input.empty()) return values.input;
  constexpr std::string_view kMib = "_mib";
  std::uint64_t unit = 1;
  if (name.ends_with(kMib)) {
    name.remove_suffix(kMib.size());
    unit = 1U << 20;
  }
  if (name == "fixed") return std::to_string(values.fixed / unit);
  if (name == "per_worker") return std::to_string(values.per_worker / unit);
  if (name == "budget") return std::to_string(values.budget / unit);
  if (name == "available") return std::to_string(values.available / unit);
  return std::nullopt;
}

}  // namespace

std::string fill_in(std::string_view text, const Placeholders& values) {
  std::string out;
  while (true) {
    const std::size_t open = text.find_first_of("<{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    text.remove_prefix(open);
    const std::size_t close = text.find(text[0] == '<' ? '>' : '}');
    const auto value = close == std::string_view::npos
                           ? std::nullopt
                           : value_of(text.substr(1, close - 1), values);
    if (value) {
      out += *value;
      text.remove_prefix(close + 1);
    } else {
      // Only this one character is passed over: "<<threads>" holds one.
      out += text[0];
      text.remove_prefix(1);
    }
  }
}

}  // namespace fitrun
