#include "stage/parse.h"

#include <climits>
#include <cmath>

#include "base/duration.h"
#include "stage/glob.h"
#include "stage/parse_tool.h"
#include "stage/toml_reader.h"
#include "stage/toml_text.h"
#include "stage/values.h"

namespace fitrun {
namespace {

// The origin of a label that nobody gave.
constexpr const char* kFileName = "the file's name";

// Reads one descriptor. What is wrong is noted, and a default taken instead.
class Reader {
 public:
  Reader(std::string_view file, const Environment& environment, CostRule rule)
      : in(file), file_(file), environment_(environment), rule_(rule) {
    const std::size_t slash = file_.rfind('/');
    if (slash != std::string::npos) folder_ = file_.substr(0, slash + 1);
  }

  Stage read(const toml::table& root);

  TomlReader in;

 private:
  std::optional<FileCost> expanded(const toml::node& node,
                                   std::string_view text);
  void cost(const toml::node& node, std::string_view what, Cost& sum);
  std::optional<FileCost> file_cost(const toml::table& table);
  PoolNeeds pool(Pool which, const toml::table& table);
  void probe(const toml::table& table, PoolNeeds& needs);
  void placement(const toml::table& table, PoolNeeds& needs);
  void inject(const toml::table& table, Stage& stage);

  std::string file_;
  std::string folder_;  // with its slash; "" is the current one
  const Environment& environment_;
  CostRule rule_;
};

// A file cost's file, path and pattern, with every ${NAME} replaced.
std::optional<FileCost> Reader::expanded(const toml::node& node,
                                         std::string_view text) {
  FileCost cost;
  bool is_pattern = false;
  while (cost.file.size() < PATH_MAX) {
    const std::size_t open = text.find("${");
    const std::string_view written = text.substr(0, open);
    cost.file += written;
    cost.pattern += written;
    is_pattern = is_pattern || is_glob(written);
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      in.wrong(node, "\"${\" without a closing \"}\"");
      return std::nullopt;
    }
    const std::string name(text.substr(open + 2, close - open - 2));
    const auto value = environment_.get(name);
    if (!value) {
      in.wrong(node,
               "the environment variable " + in_quotes(name) + " is not set");
      return std::nullopt;
    }
    cost.file += *value;
    cost.pattern += glob_of_literal(*value);
    text.remove_prefix(close + 1);
  }
  if (cost.file.empty() || cost.file.size() >= PATH_MAX) {
    in.wrong(node, cost.file.empty() ? "file must not be empty"
                                     : "file is longer than a path can be");
    return std::nullopt;
  }
  const bool absolute = cost.file.starts_with('/');
  cost.path = absolute ? cost.file : folder_ + cost.file;
  if (!is_pattern)
    cost.pattern.clear();
  else if (!absolute)
    cost.pattern.insert(0, glob_of_literal(folder_));
  return cost;
}

std::optional<FileCost> Reader::file_cost(const toml::table& table) {
  in.check_keys(table, {"file", "parse_factor", "missing"}, "a file cost");
  const toml::node* const file = table.get("file");
  if (!file) {
    in.wrong(table, "a cost table needs a \"file\"");
    return std::nullopt;
  }
  const auto written = in.string(*file, "file");
  auto cost = written ? expanded(*file, *written) : std::nullopt;
  // All the rest is read in any case, for its mistakes.
  FileCost unusable;
  FileCost& found = cost ? *cost : unusable;
  if (const toml::node* const node = table.get("parse_factor")) {
    const auto factor = in.number(*node, "parse_factor");
    if (factor && !(*factor > 0 && std::isfinite(*factor)))
      in.wrong(*node, "parse_factor must be above 0");
    found.parse_factor = factor.value_or(1);
  }
  if (const toml::node* const node = table.get("missing")) {
    const auto text = in.string(*node, "missing");
    if (text == "zero") {
      found.missing = Missing::zero;
    } else if (text && text != "error") {
      in.wrong(*node, "missing must be \"error\" or \"zero\", not " +
                          in_quotes(*text));
    }
  }
  return cost;
}

void Reader::cost(const toml::node& node, std::string_view what, Cost& sum) {
  if (const toml::array* const terms = node.as_array()) {
    for (const toml::node& term : *terms) {
      if (term.is_array()) {
        in.wrong(term, std::string(what) + " must not hold arrays in an array");
      } else {
        cost(term, what, sum);
      }
    }
  } else if (const toml::table* const table = node.as_table()) {
    if (auto file = file_cost(*table))
      sum.push_back({std::move(*file), in.origin(node)});
  } else if (const auto bytes = in.size(node, what)) {
    sum.push_back({*bytes, in.origin(node)});
  }
}

void Reader::probe(const toml::table& table, PoolNeeds& needs) {
  if (const toml::node* const node = table.get("probe")) {
    needs.probe = in.string_array(*node, "probe");
    needs.probe_origin = in.origin(*node);
  }
  const toml::node* const node = table.get("probe_timeout");
  if (!node) return;
  std::optional<double> seconds;
  if (const auto* const text = node->as_string()) {
    if (const auto time = in.taken(*node, parse_duration(text->get())))
      seconds = static_cast<double>(time->count()) / 1e3;
  } else {
    seconds = in.number(*node, "probe_timeout");
  }
  if (!seconds) return;
  constexpr double kDay = 86400;
  if (*seconds >= 1e-3 && *seconds <= kDay) {
    needs.probe_timeout =
        std::chrono::milliseconds(static_cast<long long>(*seconds * 1e3));
  } else {
    in.wrong(*node,
             "probe_timeout must be above 0 and at most a day, in seconds");
  }
}

// Which GPUs, and who puts the workers on them.
void Reader::placement(const toml::table& table, PoolNeeds& needs) {
  if (const toml::node* const node = table.get("devices")) {
    needs.devices_origin = in.origin(*node);
    if (node->is_array()) {
      needs.devices.choice = DeviceChoice::listed;
      for (const toml::node& device : *node->as_array()) {
        if (const auto* const number = device.as_integer()) {
          needs.devices.names.push_back(std::to_string(number->get()));
        } else if (auto name = in.string(device, "each of devices")) {
          needs.devices.names.push_back(std::move(*name));
        }
      }
      if (node->as_array()->empty())
        in.wrong(*node, "devices must not be empty");
    } else if (const auto text = in.string(*node, "devices")) {
      if (const auto devices = in.taken(*node, parse_devices(*text)))
        needs.devices = *devices;
    }
  }
  if (const toml::node* const node = table.get("spread")) {
    const auto text = in.string(*node, "spread");
    const auto spread =
        text ? in.taken(*node, parse_spread(*text)) : std::optional<Spread>();
    if (spread) needs.spread = {*spread, in.origin(*node)};
  } else if (needs.devices.choice != DeviceChoice::first &&
             needs.devices.names.size() != 1) {
    in.wrong(*table.get("devices"),
             "several devices need spread = \"pin\", \"roundrobin\", "
             "\"even\" or \"model\": who puts the workers on them");
  }
}

PoolNeeds Reader::pool(Pool which, const toml::table& table) {
  const std::string where = "[" + std::string(key_of(which)) + "]";
  Words keys = {"headroom",   "reserve", "fixed",
                "per_worker", "probe",   "probe_timeout"};
  if (which == Pool::vram) {
    keys.push_back("devices");
    keys.push_back("spread");
  }
  in.check_keys(table, keys, where);
  PoolNeeds needs;
  needs.pool = which;
  if (const toml::node* const node = table.get("headroom")) {
    if (const auto value = in.number(*node, "headroom"))
      if (const auto checked = in.taken(*node, check_headroom(*value)))
        needs.headroom = {*checked, in.origin(*node)};
  }
  if (const toml::node* const node = table.get("reserve"))
    if (const auto value = in.size(*node, "reserve"))
      needs.reserve = {*value, in.origin(*node)};
  if (const toml::node* const node = table.get("fixed"))
    cost(*node, "fixed", needs.fixed);
  if (const toml::node* const node = table.get("per_worker"))
    cost(*node, "per_worker", needs.per_worker);
  probe(table, needs);
  if (which == Pool::vram) placement(table, needs);
  return needs;
}

void Reader::inject(const toml::table& table, Stage& stage) {
  in.check_keys(table, {"env"}, "[inject]");
  const toml::table* const variables = in.table_at(table, "env");
  if (!variables) return;
  for (const auto& [key, node] : *variables) {
    const std::string name(key.str());
    if (name.empty() || has_nul(name) || name.find('=') != std::string::npos) {
      in.wrong(key.source(),
               in_quotes(name) + " cannot be the name of a variable");
      continue;
    }
    constexpr std::size_t kSpoken = 64;
    if (auto text =
            in.string(node, name.size() <= kSpoken ? name : in_quotes(name)))
      stage.inject.push_back({name, std::move(*text)});
  }
}

Stage Reader::read(const toml::table& root) {
  in.check_keys(root,
                {"label", "want", "command", "on_no_fit", "hold", "ram", "vram",
                 "inject", "record", "tool"},
                "");
  Stage stage;
  stage.file = file_;
  stage.label = {file_.substr(folder_.size()), kFileName};
  if (stage.label.value.ends_with(".toml"))
    stage.label.value.resize(stage.label.value.size() - 5);

  if (const toml::node* const node = root.get("label")) {
    if (const auto text = in.string(*node, "label"))
      if (auto label = in.taken(*node, check_label(*text)))
        stage.label = {std::move(*label), in.origin(*node)};
  }
  if (const toml::node* const node = root.get("want")) {
    std::string text;
    if (node->is_integer()) {
      text = std::to_string(**node->as_integer());
    } else if (node->is_string()) {
      text = **node->as_string();
    } else {
      in.wrong(*node,
               "want must be an integer or \"cpus\", not " + type_name(*node));
    }
    if (!text.empty() || node->is_string())
      if (const auto want = in.taken(*node, parse_want(text)))
        stage.want = {*want, in.origin(*node)};
  }
  if (const toml::node* const node = root.get("command"))
    stage.command = in.string_array(*node, "command");
  if (const toml::node* const node = root.get("on_no_fit")) {
    if (const auto text = in.string(*node, "on_no_fit"))
      if (const auto choice = in.taken(*node, parse_on_no_fit(*text)))
        stage.on_no_fit = {*choice, in.origin(*node)};
  }
  if (const toml::node* const node = root.get("hold")) {
    if (const auto text = in.string(*node, "hold"))
      if (const auto choice = in.taken(*node, parse_hold(*text)))
        stage.hold = {*choice, in.origin(*node)};
  }
  bool costs = false;
  for (const Pool which : kPools) {
    const toml::table* const table = in.table_at(root, key_of(which));
    if (!table) continue;
    stage.pools.push_back(pool(which, *table));
    costs = costs || table->contains("fixed") || table->contains("per_worker");
  }
  if (!costs && rule_ == CostRule::required) {
    in.diagnostics.push_back(
        {0, 0,
         "no cost: a stage needs fixed or per_worker in [ram] or [vram]"});
  }
  if (const toml::table* const table = in.table_at(root, "inject"))
    inject(*table, stage);
  if (const toml::node* const node = root.get("record")) {
    if (const auto* const record = node->as_boolean())
      stage.record = record->get();
    else
      in.wrong(*node, "record must be true or false, not " + type_name(*node));
  }
  if (const toml::table* const table = in.table_at(root, "tool"))
    stage.tool = parse_tool(in, *table);
  return stage;
}

}  // namespace

std::variant<Stage, std::vector<Diagnostic>> parse_stage(
    std::string_view text, std::string_view file,
    const Environment& environment, CostRule rule) {
  auto parsed = parse_toml(text);
  if (auto* const mistake = std::get_if<Diagnostic>(&parsed))
    return std::vector<Diagnostic>{std::move(*mistake)};
  Reader reader(file, environment, rule);
  Stage stage = reader.read(std::get<toml::table>(parsed));
  if (!reader.in.diagnostics.empty()) return std::move(reader.in.diagnostics);
  return stage;
}

std::variant<Stage, std::vector<Diagnostic>> parse_project_stage(
    std::string_view text, std::string_view file, const std::string& name,
    const Environment& environment, CostRule rule) {
  auto parsed = parse_toml(text);
  if (auto* const mistake = std::get_if<Diagnostic>(&parsed))
    return std::vector<Diagnostic>{std::move(*mistake)};
  const auto& root = std::get<toml::table>(parsed);
  Reader reader(file, environment, rule);
  reader.in.check_keys(root, {"stages"}, "a project's file");
  Stage stage;
  const toml::table* const stages = reader.in.table_at(root, "stages");
  const toml::table* const table =
      stages ? reader.in.table_at(*stages, name) : nullptr;
  if (table) stage = reader.read(*table);
  for (Diagnostic& d : reader.in.diagnostics) {
    if (d.line > 0 || !table) continue;  // what is about the whole stage
    d.line = table->source().begin.line;
    d.column = table->source().begin.column;
  }
  if (!reader.in.diagnostics.empty()) return std::move(reader.in.diagnostics);
  if (stage.label.origin == kFileName) stage.label.value = name;
  stage.name = name;
  return stage;
}

bool has_tool_table(std::string_view text) {
  // Most are asked for this alone, and those without it need no parsing.
  if (text.find("tool") == std::string_view::npos) return false;
  const auto parsed = parse_toml(text);
  const auto* const root = std::get_if<toml::table>(&parsed);
  return root ? root->contains("tool")
              : text.find("[tool]") != std::string_view::npos;
}

}  // namespace fitrun
