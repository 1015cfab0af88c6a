#include "stage/toml_spans.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "stage/toml_text.h"

namespace fitrun {
namespace {

// An edit names none that is nearly as long.
constexpr std::size_t kLongestPath = 256;

// From toml++'s places to offsets.
class Offsets {
 public:
  explicit Offsets(std::string_view text) {
    lines_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (starts_character(text[i])) characters_.push_back(i);
      if (text[i] == '\n') lines_.push_back(characters_.size());
    }
    characters_.push_back(text.size());
  }

  // The end of the text for a place beyond it.
  std::size_t at(const toml::source_position& place) const {
    if (place.line < 1 || place.line > lines_.size()) return characters_.back();
    const std::size_t i = lines_[place.line - 1] + place.column - 1;
    return characters_[std::min(i, characters_.size() - 1)];
  }

 private:
  std::vector<std::size_t> characters_;  // where each begins, and the end
  std::vector<std::size_t> lines_;       // their first characters
};

class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text), offsets_(text) {}

  Result<std::vector<TomlSpan>> run(const toml::table& root) {
    walk_table(root, "", 0);
    std::stable_sort(
        spans_.begin(), spans_.end(),
        [](const TomlSpan& a, const TomlSpan& b) { return a.begin < b.begin; });
    keep_last_header();
    for (const TomlSpan& span : spans_) {
      if (!is_whole(span))
        return Error{fmt::format("byte {}: cannot tell where {} ends",
                                 span.begin, span.path)};
    }
    return std::move(spans_);
  }

 private:
  // `statement` is that of the value that an inline table belongs to.
  void walk_table(const toml::table& table, const std::string& parent,
                  std::size_t statement) {
    for (const auto& [key, node] : table) {
      std::string path = parent;
      if (!path.empty()) path += '.';
      path += key.str();
      if (path.size() > kLongestPath) continue;
      walk(node, path,
           table.is_inline() ? statement : statement_of(key.source()));
    }
  }

  void walk(const toml::node& node, const std::string& path,
            std::size_t statement) {
    if (const toml::table* const table = node.as_table()) {
      if (table->is_inline())
        add(node, path, SpanKind::inline_table, statement);
      else
        add_header(node, path);
      walk_table(*table, path, statement);
      return;
    }
    const toml::array* const array = node.as_array();
    if (!array) {
      add(node, path, SpanKind::scalar, statement);
      return;
    }
    // [[path]] stands for an array that has no brackets of its own.
    const toml::table* const first =
        array->empty() ? nullptr : array->front().as_table();
    if (!first || first->is_inline())
      add(node, path, SpanKind::array, statement);
    for (std::size_t i = 0; i < array->size(); ++i)
      walk((*array)[i], fmt::format("{}[{}]", path, i), statement);
  }

  void add(const toml::node& node, const std::string& path, SpanKind kind,
           std::size_t statement) {
    const toml::source_region& at = node.source();
    spans_.push_back(
        {path, kind, offsets_.at(at.begin), offsets_.at(at.end), statement});
  }

  // A table that dotted keys made has no header, and its place is that of a
  // key.
  void add_header(const toml::node& node, const std::string& path) {
    const std::size_t begin = offsets_.at(node.source().begin);
    if (begin >= text_.size() || text_[begin] != '[') return;
    const std::size_t end = offsets_.at(node.source().end);
    spans_.push_back({path, SpanKind::table_header, begin, end, begin});
  }

  // A pair stands on a line of its own, whatever dotted key it has.
  std::size_t statement_of(const toml::source_region& key) const {
    const std::size_t at = offsets_.at(key.begin);
    const std::size_t line = text_.substr(0, at).rfind('\n') + 1;
    return std::min(text_.find_first_not_of(" \t", line), at);
  }

  // [a.b] makes a as well, at the same place: the last and longest is written.
  void keep_last_header() {
    const auto same = [](const TomlSpan& a, const TomlSpan& b) {
      return a.begin == b.begin;
    };
    const auto kept = std::unique(spans_.rbegin(), spans_.rend(), same);
    spans_.erase(spans_.begin(), kept.base());
  }

  std::string_view written(const TomlSpan& span) const {
    return text_.substr(span.begin, span.end - span.begin);
  }

  // What stands there is what a value of its kind begins and ends with.
  bool is_whole(const TomlSpan& span) const {
    if (span.begin >= span.end) return false;
    const char first = text_[span.begin];
    const char last = text_[span.end - 1];
    switch (span.kind) {
      case SpanKind::table_header:
        return first == '[' && last == ']' &&
               written(span).find('\n') == std::string_view::npos;
      case SpanKind::array:
        return first == '[' && last == ']';
      case SpanKind::inline_table:
        return first == '{' && last == '}';
      case SpanKind::scalar:
        if (first == '"' || first == '\'')
          return last == first && span.end - span.begin > 1;
        return written(span).find_first_of("\r\n,[]{}#=\"'") ==
               std::string_view::npos;
    }
    return false;
  }

  std::string_view text_;
  Offsets offsets_;
  std::vector<TomlSpan> spans_;
};

}  // namespace

Result<std::vector<TomlSpan>> find_spans(std::string_view text) {
  const std::size_t skipped =
      text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const auto parsed = parse_toml(text);
  if (const auto* const mistake = std::get_if<Diagnostic>(&parsed)) {
    return Error{fmt::format("line {}, column {}: not a TOML text: {}",
                             mistake->line, mistake->column, mistake->message)};
  }
  auto spans = Walker(text.substr(skipped)).run(std::get<toml::table>(parsed));
  if (!spans) return spans;
  for (TomlSpan& span : *spans) {
    span.begin += skipped;
    span.end += skipped;
    span.statement += skipped;
  }
  return spans;
}

}  // namespace fitrun
