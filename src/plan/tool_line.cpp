#include "plan/tool_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/base_name.h"
#include "base/text.h"
#include "plan/inject.h"
#include "plan/wrappers.h"
#include "stage/stage.h"

namespace fitrun {
namespace {

using Strings = std::vector<std::string>;

bool is_in(const Strings& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// What Tool::cpus writes with an N, of a text that may be so.
std::optional<AskedCount> relative(std::string_view form,
                                   std::string_view text) {
  const bool before = form.front() == 'N';  // "N%", "NC"
  const char sign = before ? form.back() : form.front();
  if (text.size() < 2 || (before ? text.back() : text.front()) != sign)
    return std::nullopt;
  text = before ? text.substr(0, text.size() - 1) : text.substr(1);
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || stop != end || !(number >= 0))
    return std::nullopt;
  if (sign == '%') return AskedCount{number / 100, 0};
  if (sign == 'C') return AskedCount{number, 0};
  return AskedCount{1, sign == '+' ? number : -number};
}

std::optional<AskedCount> read_number(const Tool& tool, std::string_view text) {
  for (const std::string& form : tool.cpus) {
    if (form == text) return AskedCount{1, 0};
    if (form.find('N') == std::string::npos) continue;
    if (const auto asked = relative(form, text)) return asked;
  }
  if (!all_digits(text)) return std::nullopt;
  const std::uint64_t count = parse_count(text).value_or(kMostWorkers);
  if (count == 0) return std::nullopt;
  return AskedCount{0, static_cast<double>(std::min(count, kMostWorkers))};
}

// Walks over options, the tool's own ones, and notes what they are.
class OptionReader {
 public:
  OptionReader(const Tool& tool, const Strings& words, ToolLine& line)
      : tool_(tool), words_(words), line_(line) {}

  void read(std::size_t at);

 private:
  std::size_t option(std::size_t at);
  std::size_t cluster(std::size_t at);
  std::size_t count_in_next(std::size_t at);
  bool count_within(std::size_t at, std::size_t begin);
  std::size_t other(std::size_t at, std::string_view name, std::size_t value);
  bool begins_count(std::string_view name) const {
    return name.size() > 3 &&
           std::any_of(tool_.count.begin(), tool_.count.end(),
                       [&](const std::string& option) {
                         return option.starts_with(name);
                       });
  }
  bool takes_value(std::string_view name) const {
    return is_in(tool_.values, name) || is_in(tool_.kind, name);
  }

  const Tool& tool_;
  const Strings& words_;
  ToolLine& line_;
};

void OptionReader::read(std::size_t at) {
  bool ended = false;
  for (; at < words_.size(); ++at) {
    const std::string& word = words_[at];
    if (!ended && is_in(tool_.end, word)) {
      ended = true;
    } else if (word.size() < 2 || word[0] != '-') {
      line_.operands.push_back(at);
      if (tool_.stops_at_word) return;
    } else if (!ended) {
      at += option(at);
    }
  }
}

// How many of the next words belong to the option at `at`.
std::size_t OptionReader::option(std::size_t at) {
  const std::string_view word = words_[at];
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const bool attached = equals != std::string_view::npos;
  if (is_in(tool_.count, name)) {
    if (!attached) return count_in_next(at);
    if (!count_within(at, equals + 1)) line_.unreadable.push_back(at);
    return 0;
  }
  if (is_in(tool_.one, word)) {
    line_.one = at;
    return 0;
  }
  if (takes_value(name))
    return other(at, name, attached ? equals + 1 : word.size());
  if (is_in(tool_.kind_flags, name)) {
    line_.kinds.push_back(
        {std::string(name),
         std::string(attached ? word.substr(equals + 1) : "")});
    return 0;
  }
  if (!word.starts_with("--")) return cluster(at);
  // getopt_long's "--max-p=8" for --max-procs, if no other begins so.
  const bool number =
      attached ? read_number(tool_, word.substr(equals + 1)).has_value()
               : at + 1 < words_.size() && read_number(tool_, words_[at + 1]);
  if (number && begins_count(name)) line_.unreadable.push_back(at);
  return 0;
}

// Letters behind one "-", of which the last may have a value: "-kj16".
std::size_t OptionReader::cluster(std::size_t at) {
  const std::string_view word = words_[at];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string letter = {'-', word[i]};
    const bool last = i + 1 == word.size();
    if (is_in(tool_.count, letter)) {
      if (last) return count_in_next(at);
      if (!count_within(at, i + 1) && all_digits(word.substr(i + 1, 1)))
        line_.unreadable.push_back(at);
      return 0;
    }
    if (takes_value(letter)) return other(at, letter, i + 1);
    if (is_in(tool_.kind_flags, letter)) line_.kinds.push_back({letter, ""});
  }
  return 0;
}

std::size_t OptionReader::count_in_next(std::size_t at) {
  const bool alone = is_in(tool_.cpus, "");
  const std::size_t next = at + 1;
  // "-j -1" of a tool where "-j" may stand alone is two options.
  const bool another =
      next < words_.size() && alone && words_[next].starts_with('-');
  if (next < words_.size() && !another && !words_[next].empty()) {
    const auto asked = read_number(tool_, words_[next]);
    if (asked || places_count(words_[next])) {
      line_.places.push_back({at, next, 0, asked});
      return 1;
    }
  }
  if (alone) {
    line_.places.push_back({at, at, words_[at].size(), AskedCount{1, 0}});
    return 0;
  }
  line_.unreadable.push_back(at);
  return next < words_.size() ? 1 : 0;
}

// Whether the number stands in the option's own word, from `begin` on.
bool OptionReader::count_within(std::size_t at, std::size_t begin) {
  const std::string_view text = std::string_view(words_[at]).substr(begin);
  if (text.empty()) return false;
  const auto asked = read_number(tool_, text);
  if (!asked && !places_count(text)) return false;
  line_.places.push_back({at, at, begin, asked});
  return true;
}

// An option for something else, with its value from `value` on in its own word
// or, where nothing is there, in the next.
std::size_t OptionReader::other(std::size_t at, std::string_view name,
                                std::size_t value) {
  const bool within = value < words_[at].size();
  if (is_in(tool_.kind, name)) {
    std::string text;
    if (within)
      text = words_[at].substr(value);
    else if (at + 1 < words_.size())
      text = words_[at + 1];
    line_.kinds.push_back({std::string(name), std::move(text)});
  }
  const bool complete = within || words_[at].find('=') != std::string::npos;
  return complete || at + 1 == words_.size() ? 0 : 1;
}

bool is_like(std::string_view pattern, std::string_view word) {
  if (!pattern.ends_with('*')) return pattern == word;
  return word.starts_with(pattern.substr(0, pattern.size() - 1));
}

// The places of the words of `begin`, which may have options between them
// ("cargo +nightly build"); empty where the line does not begin so at `first`.
std::vector<std::size_t> find_begin(const Tool& tool, const Strings& begin,
                                    const Strings& command, std::size_t first) {
  std::vector<std::size_t> found;
  if (!is_like(begin[0], base_name(command[first]))) return found;
  found.push_back(first);
  for (std::size_t at = first + 1; found.size() < begin.size(); ++at) {
    if (at >= command.size()) return {};
    const std::string_view word = command[at];
    if (is_like(begin[found.size()], word)) {
      found.push_back(at);
    } else if (is_in(tool.values, word) || is_in(tool.kind, word)) {
      ++at;
    } else if (!word.starts_with('-') && !word.starts_with('+')) {
      return {};
    }
  }
  return found;
}

void replace_value(Strings& command, const CountPlace& place,
                   const std::string& count) {
  std::string& word = command[place.word];
  const bool alone = place.begin == word.size();
  word.resize(place.begin);
  if (alone && word.starts_with("--")) word += '=';
  word += count;
}

}  // namespace

std::uint64_t workers_of(const AskedCount& asked, std::uint64_t cpus) {
  const double workers =
      std::floor(asked.per_cpu * static_cast<double>(cpus) + asked.plus);
  if (!(workers >= 1)) return 1;
  return static_cast<std::uint64_t>(
      std::min(workers, static_cast<double>(kMostWorkers)));
}

std::optional<ToolLine> read_tool_line(const Tool& tool,
                                       const Strings& command) {
  ToolLine line;
  if (command.empty()) return std::nullopt;
  const std::size_t first = behind_wrappers(command);
  for (const Strings& begin : tool.commands) {
    auto named = find_begin(tool, begin, command, 0);
    if (named.empty() && first > 0)
      named = find_begin(tool, begin, command, first);
    if (named.size() > line.named.size()) line.named = std::move(named);
  }
  if (line.named.empty()) return std::nullopt;
  OptionReader(tool, command, line).read(line.named.back() + 1);
  return line;
}

std::optional<AskedCount> read_tool_variable(const Tool& tool,
                                             std::string_view name,
                                             std::string_view value) {
  if (const std::string_view text = trim(value); all_digits(text))
    return read_number(tool, text);
  // Debian's: "nocheck parallel=8".
  constexpr std::string_view kParallel = "parallel=";
  if (name == "DEB_BUILD_OPTIONS")
    for (const std::string_view word : words(value))
      if (word.starts_with(kParallel))
        return read_number(tool, word.substr(kParallel.size()));
  Strings options;
  for (const std::string_view word : words(value)) options.emplace_back(word);
  if (options.empty()) return std::nullopt;
  // make's first word is of letters, without the "-" before them.
  std::string& first = options.front();
  if (name.ends_with("MAKEFLAGS") && value.front() != ' ' &&
      !first.starts_with('-') && first.find('=') == std::string::npos)
    first.insert(0, 1, '-');
  ToolLine line;
  OptionReader(tool, options, line).read(0);
  return line.places.empty() ? std::nullopt : line.places.back().asked;
}

std::string spelled(const CountPlace& place, const Strings& command) {
  std::string text = command[place.option];
  if (place.word != place.option) text += " " + command[place.word];
  return text;
}

Strings with_count(const Tool& tool, const Strings& command,
                   std::uint64_t count, const Strings& insert) {
  const auto line = read_tool_line(tool, command);
  if (!line) return command;
  Strings out = command;
  for (const CountPlace& place : line->places)
    if (place.asked) replace_value(out, place, std::to_string(count));
  if (!line->places.empty() || !line->unreadable.empty() || line->one ||
      insert.empty())
    return out;
  Strings words = insert;
  std::size_t at = line->named.back() + 1;
  if (words.front() == "...") {
    words.erase(words.begin());
    while (at < out.size() && !out[at].starts_with('-')) ++at;
  }
  Placeholders values;
  values.threads = count;
  for (std::string& word : words) word = fill_in(word, values);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), words.begin(),
             words.end());
  return out;
}

Strings without_count(const Tool& tool, const Strings& command) {
  const auto line = read_tool_line(tool, command);
  if (!line) return command;
  Strings out = command;
  // From the end, so that what was found before stands where it was.
  for (std::size_t i = line->places.size(); i-- > 0;) {
    const CountPlace& place = line->places[i];
    const auto option = out.begin() + static_cast<std::ptrdiff_t>(place.option);
    const bool within = place.word == place.option;
    if (!within) out.erase(option + 1);
    std::string others;  // letters in the same word
    if (!option->starts_with("--")) {
      others = option->substr(0, within ? place.begin : option->npos);
      if (others.ends_with('=')) others.pop_back();
      others.pop_back();
    }
    if (others.size() < 2)
      out.erase(option);
    else
      *option = others;
  }
  return out;
}

Strings kind_of_line(const Tool* tool, const Strings& command) {
  Strings kind;
  if (command.empty()) return kind;
  const auto add = [&](std::string_view word) {
    if (kind.size() < kMostKindWords) kind.emplace_back(word);
  };
  const auto line = tool ? read_tool_line(*tool, command) : std::nullopt;
  add(base_name(command[line ? line->named.front() : 0]));
  if (!line) {
    for (std::size_t i = 1; i < command.size(); ++i)
      if (!command[i].starts_with('-')) add(command[i]);
    return kind;
  }
  for (std::size_t i = 1; i < line->named.size(); ++i)
    add(command[line->named[i]]);
  for (const KindWord& word : line->kinds) {
    add(word.option);
    if (!word.value.empty()) add(word.value);
  }
  if (tool->files) return kind;
  for (const std::size_t operand : line->operands) add(command[operand]);
  return kind;
}

}  // namespace fitrun
