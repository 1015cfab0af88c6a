#include "cli/command_line.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/duration.h"
#include "base/text.h"

namespace fitrun {
namespace {

using Words = std::span<const std::string>;

bool is_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && word != "--";
}

// Rows of one name are alike but for the verbs that have them and their text.
const OptionRow* row_named(std::string_view name) {
  for (const OptionRow& row : option_table())
    if (name == long_name(row) || (name == short_name(row) && !name.empty()))
      return &row;
  return nullptr;
}

const OptionRow* row_named(std::string_view name, Verb verb) {
  for (const OptionRow& row : option_table())
    if (belongs_to(row, verb) && name == long_name(row)) return &row;
  return nullptr;
}

[[noreturn]] void unknown_option(std::string_view word, Verb verb) {
  std::vector<std::string_view> names;
  for (const OptionRow& row : option_table())
    if (belongs_to(row, verb)) names.push_back(long_name(row));
  const std::string_view near = did_you_mean(word, names);
  std::string message = "unknown option " + in_quotes(word);
  if (!near.empty()) message += "; did you mean " + std::string(near) + "?";
  throw Failure(message + " (see --help)");
}

[[noreturn]] void needs_value(const OptionRow& row) {
  throw Failure(std::string(long_name(row)) + " needs a value (see --help)");
}

// "5", "5m", "5x": what stands for a time behind --wait, right or wrong. A
// stage is a longer word.
bool looks_like_time(std::string_view word) {
  const std::size_t digits =
      std::min(word.find_first_not_of("0123456789."), word.size());
  return digits > 0 && word.size() - digits <= 2 &&
         std::all_of(word.begin() + static_cast<long>(digits), word.end(),
                     [](char c) { return c >= 'a' && c <= 'z'; });
}

class Reader {
 public:
  explicit Reader(Words words) : words_(words) {}

  CommandLine read() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_];
      if (word == "--") {
        ++at_;
        break;
      }
      if (word.starts_with("--")) {
        read_long(word);
      } else if (is_option(word)) {
        read_letters(word);
      } else if (!read_name(word)) {
        break;
      }
    }
    const Words rest = words_.subspan(at_);
    std::vector<std::string>& to =
        line_.verb == Verb::check ? line_.stages : line_.command;
    to.insert(to.end(), rest.begin(), rest.end());
    check_words();
    for (OptionSaid& said : line_.options) said.row = row_of_verb(*said.row);
    return std::move(line_);
  }

 private:
  void read_long(const std::string& word) {
    const std::size_t equals = word.find('=');
    const OptionRow* const row = row_named(word.substr(0, equals));
    if (!row) unknown_option(word.substr(0, equals), line_.verb);
    ++at_;
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    say(*row, std::move(value));
  }

  // "-q", "-qv", "-w4".
  void read_letters(const std::string& word) {
    ++at_;
    for (std::size_t i = 1; i < word.size(); ++i) {
      const OptionRow* const row = row_named("-" + word.substr(i, 1));
      if (!row) unknown_option(word, line_.verb);
      if (takes(*row) == Takes::nothing) {
        say(*row, std::nullopt);
        continue;
      }
      const std::string value = word.substr(i + 1);
      return say(*row, value.empty() ? std::optional<std::string>() : value);
    }
  }

  // `value` is what stood in the option's own word.
  void say(const OptionRow& row, std::optional<std::string> value) {
    switch (takes(row)) {
      case Takes::nothing:
        if (value) {
          throw Failure(std::string(long_name(row)) +
                        " takes no value (see --help)");
        }
        break;
      case Takes::value:
        if (!value && (at_ == words_.size() || is_ours(words_[at_])))
          needs_value(row);
        if (!value) value = words_[at_++];
        break;
      case Takes::perhaps_time:
        if (!value && at_ < words_.size() && looks_like_time(words_[at_]))
          value = words_[at_++];
        break;
    }
    line_.options.push_back({&row, value.value_or("")});
  }

  // Whether the word cannot be a value because it is one of our own.
  static bool is_ours(const std::string& word) {
    return word == "--" || row_named(word.substr(0, word.find('=')));
  }

  // Whether the word is a verb or a stage, and not the command's first.
  bool read_name(const std::string& word) {
    if (line_.verb == Verb::run && line_.stages.empty()) {
      if (const auto verb = verb_named(word)) {
        line_.verb = *verb;
        ++at_;
        return true;
      }
    }
    if (line_.verb != Verb::check && !line_.stages.empty()) return false;
    line_.stages.push_back(word);
    ++at_;
    return true;
  }

  // Words that a verb does not take would be taken for obeyed.
  void check_words() const {
    const bool stages = line_.verb != Verb::probe && line_.verb != Verb::leases;
    const bool command = stages && line_.verb != Verb::history;
    const std::string* extra = nullptr;
    if (!command && !line_.command.empty()) extra = &line_.command.front();
    if (!stages && !line_.stages.empty()) extra = &line_.stages.front();
    if (extra) {
      throw Failure(std::string(name_of(line_.verb)) + ": unexpected word " +
                    in_quotes(*extra) + " (see --help)");
    }
  }

  const OptionRow* row_of_verb(const OptionRow& row) const {
    const std::string name(long_name(row));
    if (const OptionRow* const own = row_named(name, line_.verb)) return own;
    std::string verbs;
    for (const Verb verb : kAllVerbs) {
      if (row_named(name, verb)) {
        verbs += verbs.empty() ? "" : ", ";
        verbs += "fitrun";
        if (verb != Verb::run) verbs += " " + std::string(name_of(verb));
      }
    }
    throw Failure("unknown option " + in_quotes(name) + " of fitrun " +
                  std::string(name_of(line_.verb)) + ": it is one of " + verbs +
                  " (see --help)");
  }

  Words words_;
  std::size_t at_ = 0;
  CommandLine line_;
};

}  // namespace

CommandLine take_apart(std::span<const std::string> words) {
  return Reader(words).read();
}

Format format_asked_for(std::span<const std::string> words) {
  bool plan = false;
  std::string_view value;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    constexpr std::string_view kName = "--format";
    const std::string_view word = words[i];
    if (word == "plan") plan = true;
    if (word == kName && i + 1 < words.size()) value = words[i + 1];
    if (word.starts_with("--format=")) value = word.substr(kName.size() + 1);
  }
  if (!plan) return Format::text;
  if (value == "threads") return Format::threads;
  return value == "shell" ? Format::shell : Format::text;
}

}  // namespace fitrun
