// Takes typed values out of parsed TOML and notes what is wrong on the way.
//
// Knows nothing of stages: it is the part of the descriptor's parser that any
// TOML file would need. Included by the parser's own files alone.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "stage/diagnostic.h"
#include "stage/toml_header.h"

namespace fitrun {

using Words = std::vector<std::string_view>;

inline bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

// For messages: "an integer".
inline std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

// Every member notes a mistake and goes on without a value, so that all
// mistakes are found in one go. `what` is the value's name in messages.
class TomlReader {
 public:
  explicit TomlReader(std::string_view file) : file_(file) {}

  std::vector<Diagnostic> diagnostics;

  void wrong(const toml::source_region& at, std::string message) {
    diagnostics.push_back({at.begin.line, at.begin.column, std::move(message)});
  }
  void wrong(const toml::node& at, std::string message) {
    wrong(at.source(), std::move(message));
  }

  // "stages/html.toml:7".
  std::string origin(const toml::node& node) const {
    return file_ + ":" + std::to_string(node.source().begin.line);
  }

  // The value, or a note of why it is none.
  template <typename T>
  std::optional<T> taken(const toml::node& at, Result<T> result) {
    if (result) return std::move(*result);
    wrong(at, result.error().message);
    return std::nullopt;
  }

  // Notes each key of `table` that is not `known`, with the nearest that is.
  void check_keys(const toml::table& table, const Words& known,
                  std::string_view where);
  const toml::table* table_at(const toml::table& parent, std::string_view key);
  std::optional<std::string> string(const toml::node& node,
                                    std::string_view what);
  std::optional<double> number(const toml::node& node, std::string_view what);
  std::vector<std::string> strings(const toml::node& node,
                                   std::string_view what);
  // A command: not empty, and beginning with a program.
  std::vector<std::string> string_array(const toml::node& node,
                                        std::string_view what);
  std::optional<Bytes> size(const toml::node& node, std::string_view what);

 private:
  std::string file_;
};

inline void TomlReader::check_keys(const toml::table& table, const Words& known,
                                   std::string_view where) {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end())
      continue;
    std::string message = "unknown key " + in_quotes(key.str());
    if (!where.empty()) message += " in " + std::string(where);
    const std::string_view near = did_you_mean(key.str(), known);
    if (!near.empty())
      message += "; did you mean \"" + std::string(near) + "\"?";
    wrong(key.source(), message);
  }
}

inline const toml::table* TomlReader::table_at(const toml::table& parent,
                                               std::string_view key) {
  const toml::node* const node = parent.get(key);
  if (!node) return nullptr;
  if (const toml::table* const table = node->as_table()) return table;
  wrong(*node, std::string(key) + " must be a table, not " + type_name(*node));
  return nullptr;
}

inline std::optional<std::string> TomlReader::string(const toml::node& node,
                                                     std::string_view what) {
  const auto* const text = node.as_string();
  if (!text) {
    wrong(node,
          std::string(what) + " must be a string, not " + type_name(node));
    return std::nullopt;
  }
  if (has_nul(text->get())) {
    wrong(node, std::string(what) + " must not hold a NUL character");
    return std::nullopt;
  }
  return text->get();
}

inline std::optional<double> TomlReader::number(const toml::node& node,
                                                std::string_view what) {
  if (node.is_number()) return node.value<double>();
  wrong(node, std::string(what) + " must be a number, not " + type_name(node));
  return std::nullopt;
}

inline std::vector<std::string> TomlReader::strings(const toml::node& node,
                                                    std::string_view what) {
  std::vector<std::string> found;
  const toml::array* const array = node.as_array();
  if (!array) {
    wrong(node, std::string(what) + " must be an array of strings, not " +
                    type_name(node));
    return found;
  }
  const std::string element = "each word of " + std::string(what);
  for (const toml::node& word : *array)
    if (auto text = string(word, element)) found.push_back(std::move(*text));
  return found;
}

inline std::vector<std::string> TomlReader::string_array(
    const toml::node& node, std::string_view what) {
  std::vector<std::string> found = strings(node, what);
  if (node.is_array() && node.as_array()->empty())
    wrong(node, std::string(what) + " must not be empty");
  if (!found.empty() && found.front().empty())
    wrong(node, std::string(what) + " must begin with the name of a program");
  return found;
}

inline std::optional<Bytes> TomlReader::size(const toml::node& node,
                                             std::string_view what) {
  if (const auto* const text = node.as_string())
    return taken(node, parse_size(text->get()));
  if (const auto* const bytes = node.as_integer()) {
    if (bytes->get() >= 0)
      return Bytes{static_cast<std::uint64_t>(bytes->get())};
    wrong(node, std::string(what) + " must not be negative");
    return std::nullopt;
  }
  wrong(node, std::string(what) +
                  " must be a size like \"350MB\" or a number of bytes, not " +
                  type_name(node));
  return std::nullopt;
}

}  // namespace fitrun
