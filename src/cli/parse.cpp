#include <algorithm>
#include <istream>
#include <ostream>
#include <string_view>

// CLI11 includes <iostream>, whose static object would set up eight streams and
// their locale at every start, before main(). Nothing here prints through them,
// so libstdc++'s header is taken for included, and only the names are declared.
#if defined(__GLIBCXX__) && !defined(_GLIBCXX_IOSTREAM)
#define _GLIBCXX_IOSTREAM 1  // NOLINT(bugprone-reserved-identifier)
namespace std {              // NOLINT(cert-dcl58-cpp)
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std
#endif

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/duration.h"
#include "base/text.h"
#include "cli/option_table.h"

namespace fitrun {
namespace {

constexpr std::pair<const char*, Verb> kVerbs[] = {
    {"plan", Verb::plan},       {"probe", Verb::probe},
    {"check", Verb::check},     {"measure", Verb::measure},
    {"history", Verb::history}, {"leases", Verb::leases}};

// "-w,--want" -> "--want".
std::string_view long_name(const OptionRow& row) {
  const std::string_view names = row.names;
  return names.substr(names.rfind("--"));
}

// "-w,--want" -> "-w"; "" for a row without one.
std::string_view short_name(const OptionRow& row) {
  const std::string_view names = row.names;
  return names.substr(0, names.starts_with("--") ? 0 : names.find(','));
}

void apply_variables(Options& options, const Environment& environment) {
  for (const OptionRow& row : option_table()) {
    if (!row.variable || !belongs_to(row, options.verb)) continue;
    const auto value = environment.get(row.variable);
    // As with most tools an empty variable counts as unset.
    if (value && !value->empty()) row.set(options, *value, row.variable);
  }
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && word != "--";
}

// The flag that is all of `word`; null where it is none or CLI11's to read.
const OptionRow* flag_named(std::string_view word, Verb verb) {
  for (const OptionRow& row : option_table()) {
    if (!row.value && belongs_to(row, verb) &&
        (word == long_name(row) || word == short_name(row)))
      return &row;
  }
  return nullptr;
}

// Whether `word` may be this option, or a bundle of letters ("-qv") with it.
bool may_mean(std::string_view word, const OptionRow& row) {
  if (word.starts_with("--"))
    return word.substr(0, word.find('=')) == long_name(row);
  if (!word.starts_with('-')) return false;
  const std::string_view letter = short_name(row);
  return !letter.empty() && word.find(letter.back()) != std::string_view::npos;
}

// CLI11 takes as long for an option that it is told of as for the reading of a
// file, so it is told of those only that `words` may contain.
void add_options(CLI::App& app, const std::vector<std::string>& words,
                 Options& options) {
  for (const OptionRow& row : option_table()) {
    const bool wanted = std::any_of(
        words.begin(), words.end(),
        [&](const std::string& word) { return may_mean(word, row); });
    if (!wanted || !belongs_to(row, options.verb)) continue;
    const std::string name(long_name(row));
    if (!row.value) {
      app.add_flag_callback(
          row.names, [&row, &options, name] { row.set(options, "", name); });
    } else {
      const auto take = [&row, &options,
                         name](const std::vector<std::string>& values) {
        // Of an option that is given twice the last one holds.
        const std::size_t first = row.repeatable ? 0 : values.size() - 1;
        for (std::size_t i = first; i < values.size(); ++i)
          row.set(options, values[i], name);
        return true;
      };
      app.add_option(row.names, take)
          ->type_size(1)
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
}

// CLI11 reads options up to the first word that is none, and no further: it
// would change the user's command (it splits "[1,2]" in two). Returns the index
// of that word in `words`. A flag by itself needs no CLI11: with the locale
// that it sets up that is a tenth of a launch.
std::size_t read_options(const std::vector<std::string>& words,
                         std::size_t from, Options& options) {
  const OptionRow* flag = nullptr;
  while (from < words.size() &&
         (flag = flag_named(words[from], options.verb)) != nullptr) {
    flag->set(options, "", std::string(long_name(*flag)));
    ++from;
  }
  if (from == words.size() || !is_option(words[from])) return from;
  CLI::App app;
  app.set_help_flag();
  app.prefix_command();
  add_options(app, words, options);
  std::vector<std::string> reversed(words.rbegin(),
                                    words.rend() - static_cast<long>(from));
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    throw Failure(text.substr(0, text.find(':')) +
                  " needs a value (see --help)");
  } catch (const CLI::ParseError& error) {
    throw Failure(std::string(error.what()) + " (see --help)");
  }
  return words.size() - app.remaining().size();
}

[[noreturn]] void unknown_option(const std::string& word, Verb verb) {
  std::vector<std::string_view> names;
  for (const OptionRow& row : option_table())
    if (belongs_to(row, verb)) names.push_back(long_name(row));
  const std::string name = word.substr(0, word.find('='));
  const std::string_view near = did_you_mean(name, names);
  std::string message = "unknown option " + in_quotes(name);
  if (!near.empty()) message += "; did you mean " + std::string(near) + "?";
  throw Failure(message + " (see --help)");
}

// Options and stages, in any order, up to the command or the end.
void read_words(const std::vector<std::string>& words, Options& options) {
  std::size_t at = 0;
  const bool many = options.verb == Verb::check;
  while (true) {
    at = read_options(words, at, options);
    if (at == words.size()) return;
    if (words[at] == "--") {
      ++at;
      break;
    }
    if (is_option(words[at])) unknown_option(words[at], options.verb);
    // --wait may be followed by how long.
    if (at > 0 && words[at - 1] == "--wait") {
      if (const auto time = parse_duration(words[at])) {
        options.launch.wait_timeout = *time;
        ++at;
        continue;
      }
    }
    if (many) {
      options.stages.push_back(words[at++]);
      continue;
    }
    if (!options.launch.stage.empty()) break;
    options.launch.stage = words[at++];
  }
  std::vector<std::string>& rest =
      many ? options.stages : options.launch.command;
  rest.insert(rest.end(), words.begin() + static_cast<long>(at), words.end());
}

}  // namespace

Options parse_options(int argc, char** argv, const Environment& environment) {
  Options options;
  int first = 1;
  for (const auto& [name, verb] : kVerbs) {
    if (argc < 2 || std::string_view(argv[1]) != name) continue;
    options.verb = verb;
    first = 2;
  }
  apply_variables(options, environment);
  const std::vector<std::string> words(argv + std::min(first, argc),
                                       argv + argc);
  read_words(words, options);
  return options;
}

}  // namespace fitrun
