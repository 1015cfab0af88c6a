#include "stage/parse.h"

#include <algorithm>
#include <cmath>

#include <toml++/toml.h>

#include "base/duration.h"
#include "base/text.h"
#include "stage/values.h"

namespace fitrun {
namespace {

using Words = std::vector<std::string_view>;

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

std::string type_name(const toml::node& node) {
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

// Reads one descriptor. Every member notes what is wrong and goes on with a
// default, so that all mistakes are found in one go.
class Reader {
 public:
  Reader(std::string_view file, const Environment& environment)
      : file_(file), environment_(environment) {
    const std::size_t slash = file_.rfind('/');
    if (slash != std::string::npos) folder_ = file_.substr(0, slash + 1);
  }

  Stage read(const toml::table& root);
  std::vector<Diagnostic> diagnostics;

 private:
  void wrong(const toml::source_region& at, std::string message) {
    diagnostics.push_back({at.begin.line, at.begin.column, std::move(message)});
  }
  void wrong(const toml::node& at, std::string message) {
    wrong(at.source(), std::move(message));
  }
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

  void check_keys(const toml::table& table, const Words& known,
                  std::string_view where);
  const toml::table* table_at(const toml::table& parent, std::string_view key);
  std::optional<std::string> string(const toml::node& node,
                                    std::string_view what);
  std::optional<double> number(const toml::node& node, std::string_view what);
  std::vector<std::string> string_array(const toml::node& node,
                                        std::string_view what);
  std::optional<Bytes> size(const toml::node& node, std::string_view what);
  std::optional<std::string> expanded(const toml::node& node,
                                      std::string_view text);
  void cost(const toml::node& node, std::string_view what, Cost& sum);
  std::optional<FileCost> file_cost(const toml::table& table);
  PoolNeeds pool(Pool which, const toml::table& table);
  void inject(const toml::table& table, Stage& stage);

  std::string file_;
  std::string folder_;  // with its slash; "" is the current one
  const Environment& environment_;
};

void Reader::check_keys(const toml::table& table, const Words& known,
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

const toml::table* Reader::table_at(const toml::table& parent,
                                    std::string_view key) {
  const toml::node* const node = parent.get(key);
  if (!node) return nullptr;
  if (const toml::table* const table = node->as_table()) return table;
  wrong(*node, std::string(key) + " must be a table, not " + type_name(*node));
  return nullptr;
}

std::optional<std::string> Reader::string(const toml::node& node,
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

std::optional<double> Reader::number(const toml::node& node,
                                     std::string_view what) {
  if (node.is_number()) return node.value<double>();
  wrong(node, std::string(what) + " must be a number, not " + type_name(node));
  return std::nullopt;
}

std::vector<std::string> Reader::string_array(const toml::node& node,
                                              std::string_view what) {
  std::vector<std::string> found;
  const toml::array* const array = node.as_array();
  if (!array) {
    wrong(node, std::string(what) + " must be an array of strings, not " +
                    type_name(node));
    return found;
  }
  if (array->empty()) wrong(node, std::string(what) + " must not be empty");
  const std::string element = "each word of " + std::string(what);
  for (const toml::node& word : *array)
    if (auto text = string(word, element)) found.push_back(std::move(*text));
  if (!found.empty() && found.front().empty())
    wrong(node, std::string(what) + " must begin with the name of a program");
  return found;
}

std::optional<Bytes> Reader::size(const toml::node& node,
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

// `text` with every ${NAME} replaced.
std::optional<std::string> Reader::expanded(const toml::node& node,
                                            std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("${");
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      wrong(node, "\"${\" without a closing \"}\"");
      return std::nullopt;
    }
    const std::string name(text.substr(open + 2, close - open - 2));
    const auto value = environment_.get(name);
    if (!value) {
      wrong(node,
            "the environment variable " + in_quotes(name) + " is not set");
      return std::nullopt;
    }
    out += *value;
    text.remove_prefix(close + 1);
  }
}

std::optional<FileCost> Reader::file_cost(const toml::table& table) {
  check_keys(table, {"file", "parse_factor", "missing"}, "a file cost");
  FileCost cost;
  const toml::node* const file = table.get("file");
  if (!file) {
    wrong(table, "a cost table needs a \"file\"");
    return std::nullopt;
  }
  const auto written = string(*file, "file");
  const auto path = written ? expanded(*file, *written) : std::nullopt;
  if (path && path->empty()) wrong(*file, "file must not be empty");
  if (const toml::node* const node = table.get("parse_factor")) {
    const auto factor = number(*node, "parse_factor");
    if (factor && !(*factor > 0 && std::isfinite(*factor)))
      wrong(*node, "parse_factor must be above 0");
    cost.parse_factor = factor.value_or(1);
  }
  if (const toml::node* const node = table.get("missing")) {
    const auto text = string(*node, "missing");
    if (text == "zero") {
      cost.missing = Missing::zero;
    } else if (text && text != "error") {
      wrong(*node,
            "missing must be \"error\" or \"zero\", not " + in_quotes(*text));
    }
  }
  if (!path || path->empty()) return std::nullopt;
  cost.file = *path;
  cost.path = path->starts_with('/') ? *path : folder_ + *path;
  return cost;
}

void Reader::cost(const toml::node& node, std::string_view what, Cost& sum) {
  if (const toml::array* const terms = node.as_array()) {
    for (const toml::node& term : *terms) {
      if (term.is_array()) {
        wrong(term, std::string(what) + " must not hold arrays in an array");
      } else {
        cost(term, what, sum);
      }
    }
  } else if (const toml::table* const table = node.as_table()) {
    if (auto file = file_cost(*table))
      sum.push_back({std::move(*file), origin(node)});
  } else if (const auto bytes = size(node, what)) {
    sum.push_back({*bytes, origin(node)});
  }
}

PoolNeeds Reader::pool(Pool which, const toml::table& table) {
  const std::string where = "[" + std::string(key_of(which)) + "]";
  check_keys(
      table,
      {"headroom", "reserve", "fixed", "per_worker", "probe", "probe_timeout"},
      where);
  PoolNeeds needs;
  needs.pool = which;
  if (const toml::node* const node = table.get("headroom")) {
    if (const auto value = number(*node, "headroom"))
      if (const auto checked = taken(*node, check_headroom(*value)))
        needs.headroom = {*checked, origin(*node)};
  }
  if (const toml::node* const node = table.get("reserve"))
    if (const auto value = size(*node, "reserve"))
      needs.reserve = {*value, origin(*node)};
  if (const toml::node* const node = table.get("fixed"))
    cost(*node, "fixed", needs.fixed);
  if (const toml::node* const node = table.get("per_worker"))
    cost(*node, "per_worker", needs.per_worker);
  if (const toml::node* const node = table.get("probe")) {
    needs.probe = string_array(*node, "probe");
    needs.probe_origin = origin(*node);
  }
  if (const toml::node* const node = table.get("probe_timeout")) {
    const auto seconds = node->is_string()
                             ? taken(*node, parse_duration(**node->as_string()))
                             : std::nullopt;
    const auto plain =
        node->is_string() ? std::nullopt : number(*node, "probe_timeout");
    if (seconds) needs.probe_timeout = *seconds;
    if (plain && *plain > 0 && *plain <= 86400)
      needs.probe_timeout =
          std::chrono::milliseconds(static_cast<long long>(*plain * 1e3));
    if (needs.probe_timeout.count() <= 0 ||
        (plain && !(*plain > 0 && *plain <= 86400)))
      wrong(*node,
            "probe_timeout must be above 0 and at most a day, in seconds");
  }
  return needs;
}

void Reader::inject(const toml::table& table, Stage& stage) {
  check_keys(table, {"env"}, "[inject]");
  const toml::table* const variables = table_at(table, "env");
  if (!variables) return;
  for (const auto& [key, node] : *variables) {
    const std::string name(key.str());
    if (name.empty() || has_nul(name) || name.find('=') != std::string::npos) {
      wrong(key.source(),
            in_quotes(name) + " cannot be the name of a variable");
      continue;
    }
    if (auto text = string(node, name))
      stage.inject.push_back({name, std::move(*text)});
  }
}

Stage Reader::read(const toml::table& root) {
  check_keys(root,
             {"label", "want", "command", "on_no_fit", "ram", "vram", "inject"},
             "");
  Stage stage;
  stage.file = file_;
  stage.label = {file_.substr(folder_.size()), "the file's name"};
  if (stage.label.value.ends_with(".toml"))
    stage.label.value.resize(stage.label.value.size() - 5);

  if (const toml::node* const node = root.get("label")) {
    if (const auto text = string(*node, "label"))
      if (auto label = taken(*node, check_label(*text)))
        stage.label = {std::move(*label), origin(*node)};
  }
  if (const toml::node* const node = root.get("want")) {
    std::string text;
    if (node->is_integer()) {
      text = std::to_string(**node->as_integer());
    } else if (node->is_string()) {
      text = **node->as_string();
    } else {
      wrong(*node,
            "want must be an integer or \"cpus\", not " + type_name(*node));
    }
    if (!text.empty() || node->is_string())
      if (const auto want = taken(*node, parse_want(text)))
        stage.want = {*want, origin(*node)};
  }
  if (const toml::node* const node = root.get("command"))
    stage.command = string_array(*node, "command");
  if (const toml::node* const node = root.get("on_no_fit")) {
    if (const auto text = string(*node, "on_no_fit"))
      if (const auto choice = taken(*node, parse_on_no_fit(*text)))
        stage.on_no_fit = {*choice, origin(*node)};
  }
  bool costs = false;
  for (const Pool which : kPools) {
    const toml::table* const table = table_at(root, key_of(which));
    if (!table) continue;
    stage.pools.push_back(pool(which, *table));
    costs = costs || table->contains("fixed") || table->contains("per_worker");
  }
  if (!costs) {
    diagnostics.push_back(
        {0, 0,
         "no cost: a stage needs fixed or per_worker in [ram] or [vram]"});
  }
  if (const toml::table* const table = table_at(root, "inject"))
    inject(*table, stage);
  return stage;
}

}  // namespace

std::variant<Stage, std::vector<Diagnostic>> parse_stage(
    std::string_view text, std::string_view file,
    const Environment& environment) {
  try {
    // An old editor's byte order mark is not a mistake worth a message.
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    const toml::table root = toml::parse(text);
    Reader reader(file, environment);
    Stage stage = reader.read(root);
    if (!reader.diagnostics.empty()) return std::move(reader.diagnostics);
    return stage;
  } catch (const toml::parse_error& error) {
    return std::vector<Diagnostic>{{error.source().begin.line,
                                    error.source().begin.column,
                                    std::string(error.description())}};
  }
}

}  // namespace fitrun
