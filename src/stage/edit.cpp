#include "stage/edit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "stage/toml_spans.h"

namespace fitrun {
namespace {

constexpr std::string_view kMark = "# fitrun measure, ";

// A replacement of [begin, end) by `fresh`.
struct Splice {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string fresh;
};

class Editor {
 public:
  Editor(std::string_view text, std::string_view date)
      : text_(text), date_(date), line_end_(line_end_of(text)) {}

  Result<std::string> run(const std::vector<NumberEdit>& edits) {
    auto spans = find_spans(text_);
    if (!spans) return spans.error();
    spans_ = std::move(*spans);
    for (const TomlSpan& span : spans_) {
      auto& known = span.kind == SpanKind::table_header ? headers_ : values_;
      known.emplace(span.path, &span);
    }
    for (const NumberEdit& edit : edits) {
      if (const auto done = apply(edit); !done) return done.error();
    }
    for (const auto& [statement, old] : old_values_)
      add_comment(statement, old);
    return spliced();
  }

 private:
  std::string_view written(const TomlSpan& span) const {
    return text_.substr(span.begin, span.end - span.begin);
  }

  // By path, in the order of paths.
  using Spans = std::map<std::string_view, const TomlSpan*>;

  static const TomlSpan* find(const Spans& spans, std::string_view path) {
    const auto at = spans.find(path);
    return at == spans.end() ? nullptr : at->second;
  }

  Result<void> apply(const NumberEdit& edit) {
    const std::string pool(key_of(edit.pool));
    const std::string path = fmt::format("{}.{}", pool, name_of(edit.key));
    if (edit.key == EditedKey::headroom) {
      const TomlSpan* const span = find(values_, path);
      if (!span) return add(pool, "headroom = " + factor_text(edit.value));
      return change(*span, factor_text(edit.value));
    }
    const std::vector<const TomlSpan*>& terms = terms_of(path);
    if (!has_any(path) && edit.term == 0) {
      return add(pool, fmt::format("{} = {}", name_of(edit.key),
                                   size_like(edit.value, "")));
    }
    if (edit.term >= terms.size()) {
      return Error{
          fmt::format("{} has no term {} that could be changed in place", path,
                      edit.term + 1)};
    }
    const TomlSpan& term = *terms[edit.term];
    if (term.kind == SpanKind::scalar)
      return change(term, size_like(edit.value, written(term)));
    return change_factor(term, edit.value);
  }

  static bool is_below(std::string_view path, std::string_view parent) {
    return path.size() > parent.size() && path.starts_with(parent) &&
           (path[parent.size()] == '.' || path[parent.size()] == '[');
  }

  bool has_any(std::string_view path) const {
    for (const Spans* const spans : {&values_, &headers_}) {
      const auto at = spans->lower_bound(path);
      for (auto it = at; it != spans->end() && it->first.starts_with(path);
           ++it)
        if (it->first == path || is_below(it->first, path)) return true;
    }
    return false;
  }

  // The sizes and file tables of a cost. What is in
  // a file table is no term: neither in { } nor below a header of its own.
  const std::vector<const TomlSpan*>& terms_of(const std::string& path) {
    const auto [known, fresh] = terms_.try_emplace(path);
    std::vector<const TomlSpan*>& terms = known->second;
    if (!fresh) return terms;
    std::string table = "\n";  // no path has one
    for (const TomlSpan& span : spans_) {
      const bool inside = span.path == path || is_below(span.path, path);
      if (!inside || is_below(span.path, table)) continue;
      if (span.kind == SpanKind::array || span.path.starts_with(path + "."))
        continue;
      terms.push_back(&span);
      if (span.kind != SpanKind::scalar) table = span.path;
    }
    return terms;
  }

  Result<void> change_factor(const TomlSpan& term, double factor) {
    if (const TomlSpan* const span = find(values_, term.path + ".parse_factor"))
      return change(*span, factor_text(factor));
    if (term.kind == SpanKind::table_header) {
      const std::size_t at = end_of_line(term.end);
      splices_.push_back(
          {at, at,
           fmt::format("{}parse_factor = {}", line_end_, factor_text(factor))});
      return {};
    }
    // After the last value, not after the blank before the brace.
    std::size_t last = term.end - 1;
    while (last > term.begin && is_blank(text_[last - 1])) --last;
    splices_.push_back({last, last, ", parse_factor = " + factor_text(factor)});
    remember(term.statement, "no parse_factor");
    return {};
  }

  static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }

  Result<void> change(const TomlSpan& span, std::string fresh) {
    if (span.kind != SpanKind::scalar)
      return Error{span.path + ": expected a number or a size"};
    if (fresh == written(span)) return {};
    remember(span.statement, std::string(written(span)));
    splices_.push_back({span.begin, span.end, std::move(fresh)});
    return {};
  }

  void remember(std::size_t statement, const std::string& old) {
    std::string& all = old_values_[statement];
    if (!all.empty()) all += ", ";
    all += old;
  }

  // A line below the header of the pool's table, or a table at the end.
  Result<void> add(const std::string& pool, const std::string& line) {
    const std::string said = comment("not set");
    if (const TomlSpan* const header = find(headers_, pool)) {
      const std::size_t at = end_of_line(header->end);
      splices_.push_back(
          {at, at, fmt::format("{0}{1}{0}{2}", line_end_, said, line)});
      return {};
    }
    if (has_any(pool)) {
      return Error{fmt::format(
          "{0} is not written as a table [{0}]: add the line {1}", pool, line)};
    }
    std::string& fresh = tables_[pool];
    if (fresh.empty()) {
      if (!text_.empty() && !text_.ends_with('\n')) fresh += line_end_;
      fresh += fmt::format("{0}[{1}]{0}", line_end_, pool);
    }
    fresh += fmt::format("{1}{0}{2}{0}", line_end_, said, line);
    return {};
  }

  // Before what ends the line that `at` is in.
  std::size_t end_of_line(std::size_t at) const {
    while (at < text_.size() && text_[at] != '\n') ++at;
    return at > 0 && text_[at - 1] == '\r' ? at - 1 : at;
  }

  static std::string_view line_end_of(std::string_view text) {
    const std::size_t first = text.find('\n');
    const bool carriage = first != std::string_view::npos &&
                          text.substr(0, first).ends_with('\r');
    return carriage ? "\r\n" : "\n";
  }

  void add_comment(std::size_t statement, const std::string& old) {
    std::size_t start = statement;
    const std::size_t first = text_.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (start > first && text_[start - 1] != '\n') --start;
    const std::string indent(text_.substr(start, statement - start));
    // Our comment of last time, on the line above.
    std::size_t before = start;
    if (start > first) {
      before = start - 1;
      while (before > first && text_[before - 1] != '\n') --before;
      const std::string_view above = trim(text_.substr(before, start - before));
      if (!above.starts_with(kMark)) before = start;
    }
    splices_.push_back(
        {before, start,
         fmt::format("{}{}{}", indent, comment(one_line(old)), line_end_)});
  }

  std::string comment(std::string_view old) const {
    return fmt::format("{}{}: was {}", kMark, date_, old);
  }

  // A value may be a string of several lines, a comment is one.
  static std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; },
        ' ');
    return text;
  }

  std::string spliced() {
    std::stable_sort(
        splices_.begin(), splices_.end(),
        [](const Splice& a, const Splice& b) { return a.begin < b.begin; });
    std::string out;
    std::size_t at = 0;
    for (const Splice& splice : splices_) {
      out.append(text_.substr(at, splice.begin - at)).append(splice.fresh);
      at = splice.end;
    }
    out.append(text_.substr(at));
    for (const auto& [pool, table] : tables_) out.append(table);
    return out;
  }

  static std::string factor_text(double value) {
    const std::string digits = fmt::format("{:.4g}", value);
    const bool whole = digits.find_first_of(".e") == std::string::npos;
    return digits + (whole ? ".0" : "");
  }

  std::string_view text_;
  std::string_view date_;
  std::string_view line_end_;  // as the file ends its lines
  std::vector<TomlSpan> spans_;
  Spans values_;
  Spans headers_;
  std::map<std::string, std::vector<const TomlSpan*>> terms_;  // by cost
  std::vector<Splice> splices_;
  std::map<std::size_t, std::string> old_values_;  // by statement
  std::map<std::string, std::string> tables_;      // new ones, by pool
};

// Up to four digits, so that a repeated measurement does not change the rest.
double round_up(double value) {
  if (!(value > 0)) return 0;
  double step = 1;
  while (value / step >= 10'000) step *= 10;
  while (value / step < 1'000) step /= 10;
  return std::ceil(value / step - 1e-9) * step;
}

}  // namespace

std::string_view name_of(EditedKey key) {
  switch (key) {
    case EditedKey::fixed:
      return "fixed";
    case EditedKey::per_worker:
      return "per_worker";
    case EditedKey::headroom:
      return "headroom";
  }
  return "";
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04X}", byte);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string size_like(double bytes, std::string_view old) {
  if (!old.empty() && old[0] != '"' && old[0] != '\'')  // an integer
    return fmt::format("{:.0f}", std::ceil(round_up(bytes)));
  std::string letters;
  for (const char c : to_lower(old))
    if (c >= 'a' && c <= 'z') letters += c;
  const char quote = old.starts_with('\'') ? '\'' : '"';
  const bool in_bytes = !old.empty() && (letters.empty() || letters == "b");
  const bool decimal =
      old.empty() || (!letters.ends_with("ib") && letters.ends_with("b"));
  const double step = decimal ? 1000 : 1024;
  std::string unit;
  // Below 10 of a unit the smaller one has more digits: 4096MB, 15.36GB.
  for (const char letter : std::string_view("KMGTP")) {
    if (in_bytes || bytes < 10 * step) break;
    bytes /= step;
    unit = letter;
  }
  if (!unit.empty() && decimal) unit += "B";
  if (!unit.empty() && letters.ends_with("ib")) unit += "iB";
  const std::string number = unit.empty()
                                 ? fmt::format("{:.0f}", std::ceil(bytes))
                                 : fmt::format("{:.10g}", round_up(bytes));
  return quote + number + unit + quote;
}

Result<std::string> edit_descriptor(std::string_view text,
                                    const std::vector<NumberEdit>& edits,
                                    std::string_view date) {
  return Editor(text, date).run(edits);
}

}  // namespace fitrun
