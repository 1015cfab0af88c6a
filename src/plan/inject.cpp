#include "plan/inject.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

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

bool is_variable_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
             "_") == std::string_view::npos;
}

// Calls `literal` for text between, and `named` for each ${NAME}, with whether
// it stands for itself.
template <typename Literal, typename Named>
void for_each_part(std::string_view text, const Literal& literal,
                   const Named& named) {
  std::size_t from = 0;
  for (std::size_t at = 0; (at = text.find("${", at)) != text.npos;) {
    const std::size_t close = text.find('}', at);
    if (close == text.npos) break;
    const std::string_view name = text.substr(at + 2, close - at - 2);
    if (is_variable_name(name)) {
      const bool itself = at > from && text[at - 1] == '$';
      literal(text.substr(from, at - from - (itself ? 1 : 0)));
      named(name, itself);
      from = close + 1;
    }
    at = close + 1;
  }
  literal(text.substr(from));
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

std::string fill_in_variable(
    std::string_view text, const Placeholders& values,
    const std::map<std::string, std::string>& inherited) {
  std::string out;
  for_each_part(
      text, [&](std::string_view part) { out += fill_in(part, values); },
      [&](std::string_view name, bool itself) {
        if (itself) return void(out.append("${").append(name).append("}"));
        const auto found = inherited.find(std::string(name));
        if (found != inherited.end()) out += found->second;
      });
  return out;
}

std::vector<std::string> variables_in(std::string_view text) {
  std::vector<std::string> names;
  for_each_part(
      text, [](std::string_view) {},
      [&](std::string_view name, bool itself) {
        if (!itself) names.emplace_back(name);
      });
  return names;
}

std::string nearly_placeholder(std::string_view text) {
  const std::vector<std::string_view> known = {"threads", "per_worker",
                                               "available", "budget"};
  const std::vector<std::string_view> others = {
      "jobs", "workers", "cpus", "procs", "nproc", "processes", "num_threads"};
  for (std::size_t at = 0; (at = text.find_first_of("<{", at)) != text.npos;) {
    const std::size_t open = at++;
    const std::size_t length =
        text.substr(at, kLongestName + 1).find(text[open] == '<' ? '>' : '}');
    if (length == text.npos || length == 0) continue;
    if (open > 0 && text.find_first_of("$<{", open - 1) < open) continue;
    const std::string_view word = text.substr(open, length + 2);
    if (fill_in(word, {}) != word || word == "<input>" || word == "{input}")
      continue;
    const std::string low = to_lower(text.substr(at, length));
    if (!did_you_mean(low, known).empty() ||
        std::find(others.begin(), others.end(), low) != others.end())
      return std::string(word);
  }
  return "";
}

bool places_count(std::string_view text) {
  if (text.find("threads") == std::string_view::npos) return false;
  Placeholders one;
  Placeholders two;
  two.threads = 2;
  return fill_in(text, one) != fill_in(text, two);
}

}  // namespace fitrun
