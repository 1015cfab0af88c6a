#include <set>
#include <string>
#include <string_view>

// clang-format off: what others include depends on it
#include "base/no_stream_setup.h"
// clang-format on

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/command_line.h"

namespace fitrun {
namespace {

void apply_variables(Options& options, const Environment& environment) {
  for (const OptionRow& row : option_table()) {
    if (!row.variable || !belongs_to(row, options.verb)) continue;
    const auto value = environment.get(row.variable);
    // As with most tools an empty variable counts as unset.
    if (value && !value->empty()) row.set(options, *value, row.variable);
  }
}

// The one place that CLI11 is asked: which option is called what, in the order
// in which they were said. It is told of those only that were, because each
// costs it as long as the reading of a file; and of a value it gets the number
// instead of the text, because it would split "[1,2]" in two.
void apply_options(const std::vector<OptionSaid>& said, Options& options) {
  if (said.empty()) return;
  CLI::App app;
  app.set_help_flag();
  std::set<std::string> known;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const OptionRow* const row = said[i].row;
    const std::string name(long_name(*row));
    if (known.insert(name).second) {
      app.add_option_function<std::size_t>(
             name,
             [&said, &options, row, name](std::size_t index) {
               row->set(options, said[index].value, name);
             })
          ->expected(1)
          ->trigger_on_parse()
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
    words.push_back(name);
    words.push_back(std::to_string(i));
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    throw Failure(std::string(error.what()) + " (see --help)");
  }
}

}  // namespace

Options parse_options(std::span<const std::string> words,
                      const Environment& environment, const Names& names) {
  CommandLine line = take_apart(words, names);
  Options options;
  options.verb = line.verb;
  apply_variables(options, environment);
  apply_options(line.options, options);
  options.launch.stage = std::move(line.stage);
  options.launch.command = std::move(line.command);
  options.words = std::move(line.words);
  const bool stage_alone =
      options.verb == Verb::history || options.verb == Verb::show;
  if (stage_alone && !options.words.empty())
    options.launch.stage = options.words.front();
  return options;
}

}  // namespace fitrun
