#include "stage/parse_tool.h"

#include <algorithm>

namespace fitrun {
namespace {

using Strings = std::vector<std::string>;

// The strings under `key`; what `is_good` refuses is noted as no `expected`.
template <typename F>
Strings checked(TomlReader& in, const toml::table& table, std::string_view key,
                std::string_view expected, const F& is_good) {
  const toml::node* const node = table.get(key);
  if (!node) return {};
  Strings found = in.strings(*node, key);
  for (const std::string& text : found) {
    if (!is_good(text)) {
      in.wrong(*node, std::string(key) + ": " + in_quotes(text) + " is not " +
                          std::string(expected));
    }
  }
  return found;
}

bool is_option(std::string_view text) {
  return text.size() > 1 && text.starts_with('-') && text != "--" &&
         text.find_first_of("= \t") == std::string_view::npos;
}

bool is_cpus(std::string_view text) {
  return text.find('N') == std::string_view::npos || text == "N%" ||
         text == "NC" || text == "+N" || text == "-N";
}

bool is_word(std::string_view text) {
  return !text.empty();
}

void commands(TomlReader& in, const toml::table& table, Tool& tool) {
  for (const std::string& line :
       checked(in, table, "commands", "the beginning of a command line",
               [](std::string_view text) { return !words(text).empty(); })) {
    std::vector<std::string> begin;
    for (const std::string_view word : words(line)) begin.emplace_back(word);
    tool.commands.push_back(std::move(begin));
  }
  if (tool.commands.empty()) {
    in.wrong(
        table,
        "[tool] needs commands: how a command line begins, like [\"make\", "
        "\"gmake\"]");
  }
}

void insert(TomlReader& in, const toml::table& table, Tool& tool) {
  tool.insert =
      checked(in, table, "insert", "a word of a command line", is_word);
  if (tool.insert.empty()) return;
  for (const std::string& word : tool.insert)
    if (word.find("<threads>") != std::string::npos ||
        word.find("{threads}") != std::string::npos)
      return;
  in.wrong(*table.get("insert"), "insert must say the count: <threads>");
}

bool flag(TomlReader& in, const toml::table& table, std::string_view key) {
  const toml::node* const node = table.get(key);
  if (!node) return false;
  if (const auto* const value = node->as_boolean()) return value->get();
  in.wrong(*node, std::string(key) + " must be true or false, not " +
                      type_name(*node));
  return false;
}

void jobs(TomlReader& in, const toml::table& table, Tool& tool) {
  const toml::node* const node = table.get("jobs");
  if (!node) return;
  const auto text = in.string(*node, "jobs");
  if (text == "workers") {
    tool.jobs = JobKind::workers;
  } else if (text == "threads") {
    tool.jobs = JobKind::threads;
  } else if (text && text != "processes") {
    in.wrong(*node,
             "jobs must be \"processes\", \"workers\" or \"threads\", not " +
                 in_quotes(*text));
  }
}

void fifo_jobserver(TomlReader& in, const toml::table& table, Tool& tool) {
  const toml::node* const node = table.get("fifo_jobserver");
  if (!node) return;
  const auto text = in.string(*node, "fifo_jobserver");
  if (!text) return;
  tool.fifo_jobserver = *text;
  const auto parts = split(*text, '.');
  if (parts.size() < 2 ||
      !std::all_of(parts.begin(), parts.end(),
                   [](std::string_view part) { return parse_count(part); }))
    in.wrong(*node, "fifo_jobserver: " + in_quotes(*text) +
                        " is no version, like \"1.13\"");
}

}  // namespace

Tool parse_tool(TomlReader& in, const toml::table& table) {
  in.check_keys(table,
                {"commands", "count", "cpus", "one", "values", "kind",
                 "kind_flags", "files", "end", "stops_at_word", "insert",
                 "variables", "jobs", "jobserver", "fifo_jobserver"},
                "[tool]");
  constexpr std::string_view kOption = "an option, like \"-j\" or \"--jobs\"";
  Tool tool;
  commands(in, table, tool);
  tool.count = checked(in, table, "count", kOption, is_option);
  tool.cpus = checked(in, table, "cpus",
                      "a word for the CPUs, nor N%, NC, +N or -N", is_cpus);
  tool.one = checked(in, table, "one", kOption, is_option);
  tool.values = checked(in, table, "values", kOption, is_option);
  tool.kind = checked(in, table, "kind", kOption, is_option);
  tool.kind_flags = checked(in, table, "kind_flags", kOption, is_option);
  tool.end = checked(in, table, "end", "a word of a command line", is_word);
  tool.variables = checked(in, table, "variables", "the name of a variable",
                           [](std::string_view text) {
                             return !text.empty() &&
                                    text.find('=') == std::string_view::npos;
                           });
  insert(in, table, tool);
  jobs(in, table, tool);
  tool.files = flag(in, table, "files");
  tool.stops_at_word = flag(in, table, "stops_at_word");
  tool.jobserver = flag(in, table, "jobserver");
  fifo_jobserver(in, table, tool);
  return tool;
}

}  // namespace fitrun
