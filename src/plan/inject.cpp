#include "plan/inject.h"

#include <algorithm>
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

// Behind an opening bracket that nothing closes the text is not searched to its
// end: 10^6 of them would be 10^12 steps.
constexpr std::size_t kLongestName = std::string_view("per_worker_mib").size();

// A placeholder at the beginning of a text, and what becomes of it.
struct Replaced {
  std::size_t length = 0;  // of the text; 0: there is none
  std::string by;
};

Replaced replaced(std::string_view text, const Placeholders& values) {
  const char open = text[0];
  const char close = open == '<' ? '>' : '}';
  const bool doubled = text.size() > 1 && text[1] == open;
  const std::size_t name = doubled ? 2 : 1;
  const std::size_t end =
      text.substr(0, name + kLongestName + 1).find(close, name);
  if (end == std::string_view::npos) return {};
  auto value = value_of(text.substr(name, end - name), values);
  if (!value) return {};
  if (!doubled) return {end + 1, std::move(*value)};
  if (text.substr(end, 2) != std::string(2, close)) return {};
  return {end + 2, std::string(text.substr(1, end))};
}

}  // namespace

std::string fill_in(std::string_view text, const Placeholders& values) {
  std::string out;
  constexpr std::string_view kOpen = "<{";
  for (std::size_t at = 0; at < text.size();) {
    const bool opens = kOpen.find(text[at]) != std::string_view::npos;
    const Replaced found =
        opens ? replaced(text.substr(at), values) : Replaced{};
    if (text[at] == '$') {
      // "${x}" of a shell, "${{ x }}" of a CI's file.
      const std::size_t end =
          std::min(text.find_first_not_of(kOpen, at + 1), text.size());
      out += text.substr(at, end - at);
      at = end;
    } else if (found.length == 0) {
      out += text[at++];
    } else {
      out += found.by;
      at += found.length;
    }
  }
  return out;
}

bool places_count(std::string_view text) {
  if (text.find("threads") == std::string_view::npos) return false;
  Placeholders one;
  Placeholders two;
  two.threads = 2;
  return fill_in(text, one) != fill_in(text, two);
}

}  // namespace fitrun
