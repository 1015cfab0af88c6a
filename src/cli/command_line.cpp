#include "cli/command_line.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/duration.h"
#include "base/text.h"

namespace fitrun {
namespace {

using Words = std::span<const std::string>;

// What a verb takes beside its options.
enum class Operands {
  none,
  one,      // a word that is no command's
  many,     // the same, any number
  command,  // a stage, a command, or both
};

Operands operands_of(Verb verb) {
  switch (verb) {
    case Verb::run:
    case Verb::plan:
    case Verb::measure:
    case Verb::request:
      return Operands::command;
    case Verb::check:
      return Operands::many;
    case Verb::history:
    case Verb::jobs:
    case Verb::show:
    case Verb::init:
    case Verb::help:
      return Operands::one;
    case Verb::probe:
    case Verb::leases:
    case Verb::list:
      break;
  }
  return Operands::none;
}

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

// The option of the verb that is near: by its letters, because two dashes that
// are right make no wrong name a near one.
std::string_view near_option(std::string_view word, Verb verb) {
  if (!word.starts_with("--")) return {};
  std::vector<std::string_view> names;
  for (const OptionRow& row : option_table())
    if (belongs_to(row, verb)) names.push_back(long_name(row).substr(2));
  const std::string_view near = did_you_mean(word.substr(2), names);
  if (near.empty()) return near;
  for (const OptionRow& row : option_table())
    if (long_name(row).substr(2) == near) return long_name(row);
  return {};
}

[[noreturn]] void needs_value(const OptionRow& row) {
  throw Failure(std::string(long_name(row)) + " needs a value (see --help)");
}

class Reader {
 public:
  Reader(Words words, const Names& names) : words_(words), names_(names) {}

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
    if (at_ == 0 || words_[at_ - 1] != "--") check_scheduler(rest);
    const bool command = operands_of(line_.verb) == Operands::command;
    std::vector<std::string>& to = command ? line_.command : line_.words;
    to.insert(to.end(), rest.begin(), rest.end());
    check_words();
    for (OptionSaid& said : line_.options) said.row = row_of_verb(*said.row);
    return std::move(line_);
  }

 private:
  void read_long(const std::string& word) {
    const std::size_t equals = word.find('=');
    const OptionRow* const row = row_named(word.substr(0, equals));
    if (!row) unknown_option(word.substr(0, equals));
    ++at_;
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    say(*row, std::move(value));
  }

  // "-q", "-qv", "-w4".
  void read_letters(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const OptionRow* const row = row_named("-" + word.substr(i, 1));
      if (!row) unknown_option(word);
      if (takes(*row) == Takes::nothing) {
        line_.options.push_back({row, ""});
        continue;
      }
      ++at_;
      const std::string value = word.substr(i + 1);
      return say(*row, value.empty() ? std::optional<std::string>() : value);
    }
    ++at_;
  }

  // What is near, or where an option of the command has to stand.
  [[noreturn]] void unknown_option(const std::string& word) const {
    std::string message = "unknown option " + in_quotes(word);
    const std::string_view near = near_option(word, line_.verb);
    const bool command = operands_of(line_.verb) == Operands::command;
    if (!near.empty()) {
      message += suggestion(near);
    } else if (command && !line_.stage.empty()) {
      message += "; what is the command's belongs behind --: " +
                 printable(line_.stage) + " -- COMMAND " + printable(word);
    } else if (command && at_ + 1 < words_.size() && begins_command(at_ + 1)) {
      const std::string name = printable(words_[at_ + 1]);
      message += "; an option of " + name + " belongs behind it: " + name +
                 " " + printable(word);
    }
    throw Failure(message + " (see --help)");
  }

  bool begins_command(std::size_t at) const {
    if (is_option(words_[at]) || words_[at] == "--") return false;
    const WordKind kind = names_.kind(words_[at]);
    return kind == WordKind::tool || kind == WordKind::command;
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
        if (!value && at_ < words_.size() && stands_for_time(words_[at_]))
          value = words_[at_++];
        break;
    }
    line_.options.push_back({&row, value.value_or("")});
  }

  // Whether the word cannot be a value because it is one of our own.
  static bool is_ours(const std::string& word) {
    return word == "--" || row_named(word.substr(0, word.find('=')));
  }

  bool is_long_option(std::size_t at) const {
    const std::string& word = words_[at];
    return word.starts_with("--") &&
           row_named(word.substr(0, word.find('=')), line_.verb);
  }

  // "5", "5m", and "5min", which is no time but was meant to be one: what
  // begins with a digit and is no stage and no program.
  bool stands_for_time(const std::string& word) const {
    if (word.empty() || word[0] < '0' || word[0] > '9') return false;
    return parse_duration(word) || names_.kind(word) == WordKind::nothing;
  }

  // Whether the word is a verb, a stage or another word of the verb, and not
  // the command's first.
  bool read_name(const std::string& word) {
    if (!verb_said_ && line_.stage.empty()) {
      if (const auto verb = verb_named(word)) {
        line_.verb = *verb;
        verb_said_ = true;
        ++at_;
        return true;
      }
    }
    if (operands_of(line_.verb) != Operands::command) {
      line_.words.push_back(word);
      ++at_;
      return true;
    }
    if (!line_.stage.empty() || !is_stage(word)) return false;
    line_.stage = word;
    ++at_;
    return true;
  }

  // A tool's name begins its own command; it is a stage where it is the last
  // word or "--" follows, and not even then where it could not be told from
  // that command: `fitrun make`. A request runs nothing, so there an option of
  // ours may follow too: `fitrun request make --want 16`.
  bool is_stage(const std::string& word) const {
    switch (names_.kind(word)) {
      case WordKind::stage:
        return true;
      case WordKind::tool:
        return line_.verb != Verb::run &&
               (at_ + 1 == words_.size() || words_[at_ + 1] == "--" ||
                (line_.verb == Verb::request && is_long_option(at_ + 1)));
      case WordKind::command:
        return false;
      case WordKind::nothing:
        break;
    }
    nothing_named(word);
  }

  [[noreturn]] void nothing_named(const std::string& word) const {
    if (word.empty()) throw Failure("STAGE is empty: give a descriptor's path");
    if (word.find('/') != std::string::npos) {
      throw Failure(word +
                    ": no file that is a stage or a program (see --help)");
    }
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos && equals > 0) {
      throw Failure(in_quotes(word) +
                    " is no stage, tool or program; to set a "
                    "variable put it before fitrun");
    }
    if (parse_size("1" + word)) {
      throw Failure(in_quotes(word) +
                    " is no stage, tool or program; a size is one word, like "
                    "350MB");
    }
    if (word == name_of(Verb::run)) {
      throw Failure("fitrun runs a command without a verb: leave out " +
                    in_quotes(word));
    }
    std::vector<std::string_view> words;
    if (!verb_said_) {
      for (const Verb verb : kAllVerbs) words.push_back(name_of(verb));
      words.emplace_back("--version");
    }
    const std::string near = names_.nearest(word, words);
    throw Failure(in_quotes(word) + " is no stage, tool or program" +
                  (near.empty() ? " (looked in " + names_.places() + ")"
                                : suggestion(near)) +
                  " (see fitrun list)");
  }

  // A request runs nothing: behind its command --for is meant for us all the
  // same.
  void check_scheduler(Words command) const {
    if (line_.verb != Verb::request) return;
    for (const std::string& word : command) {
      if (word != "--for" && !word.starts_with("--for=")) continue;
      throw Failure(
          "--for belongs before the command: fitrun request --for NAME " +
          printable(command.front()));
    }
  }

  // Words that a verb does not take would be taken for obeyed.
  void check_words() const {
    const Operands operands = operands_of(line_.verb);
    const std::size_t most = operands == Operands::none  ? 0
                             : operands == Operands::one ? 1
                                                         : line_.words.size();
    if (line_.words.size() <= most) return;
    throw Failure(std::string(name_of(line_.verb)) + ": unexpected word " +
                  in_quotes(line_.words[most]) + " (see --help)");
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
  const Names& names_;
  std::size_t at_ = 0;
  bool verb_said_ = false;
  CommandLine line_;
};

}  // namespace

CommandLine take_apart(std::span<const std::string> words, const Names& names) {
  return Reader(words, names).read();
}

Format format_asked_for(std::span<const std::string> words) {
  bool plan = false;
  bool begun = false;  // with a word that is no option and no option's value
  std::string_view value;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    constexpr std::string_view kName = "--format";
    const std::string_view word = words[i];
    if (!begun && word == name_of(Verb::jobs)) return Format::threads;
    begun = begun || (!is_option(word) && (i == 0 || !is_option(words[i - 1])));
    if (word == "plan") plan = true;
    if (word == kName && i + 1 < words.size()) value = words[i + 1];
    if (word.starts_with("--format=")) value = word.substr(kName.size() + 1);
  }
  if (!plan) return Format::text;
  if (value == "threads") return Format::threads;
  return value == "shell" ? Format::shell : Format::text;
}

}  // namespace fitrun
