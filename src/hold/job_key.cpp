#include "hold/job_key.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "base/base_name.h"
#include "base/text.h"

namespace fitrun {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kLongestKey = 160;     // bytes
constexpr std::size_t kDeepestWrapping = 8;  // nobody nests more

// A program that only starts another.
struct Wrapper {
  std::string_view name;
  std::string_view values;   // options of one letter that take the next word
  std::size_t operands = 0;  // of its own, before the program
};

constexpr std::array kWrappers{
    Wrapper{"ccache", "", 0},  Wrapper{"distcc", "", 0},
    Wrapper{"env", "uCS", 0},  Wrapper{"ionice", "cnp", 0},
    Wrapper{"libtool", "", 0}, Wrapper{"nice", "n", 0},
    Wrapper{"nohup", "", 0},   Wrapper{"sccache", "", 0},
    Wrapper{"setsid", "", 0},  Wrapper{"stdbuf", "ioe", 0},
    Wrapper{"time", "fo", 0},  Wrapper{"timeout", "ks", 1},
};

constexpr std::array<std::string_view, 6> kShells{"sh",  "bash", "dash",
                                                  "ash", "ksh",  "zsh"};

// They set the scene for the command behind them.
constexpr std::array<std::string_view, 12> kPreparations{
    "cd", "export", "set",  "umask", "test", "[",
    ":",  "true",   "echo", "mkdir", "rm",   "ulimit"};

constexpr std::array<std::string_view, 12> kCompilers{
    "cc",       "c++",  "gcc", "g++",  "clang", "clang++",
    "gfortran", "nvcc", "icx", "icpx", "hipcc", "ldc2"};

// Run a program that is a file of text.
constexpr std::array<std::string_view, 6> kInterpreters{
    "python", "perl", "ruby", "node", "php", "java"};

template <std::size_t N>
bool is_one_of(std::string_view word,
               const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// "g++-12" -> "g++", "python3.11" -> "python".
std::string_view without_version(std::string_view name) {
  const std::size_t last = name.find_last_not_of("0123456789.-");
  return name.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// "aarch64-linux-gnu-g++-12" is a compiler too.
bool is_compiler(std::string_view name) {
  name = without_version(name);
  if (is_one_of(name, kCompilers)) return true;
  const std::size_t dash = name.rfind('-');
  return dash != std::string_view::npos &&
         is_one_of(name.substr(dash + 1), kCompilers);
}

bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == 0 || equals == std::string_view::npos) return false;
  return std::all_of(word.begin(), word.begin() + equals, [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
  });
}

bool ends_word(char c) {
  return std::string_view(" \t\n;&|()").find(c) != std::string_view::npos;
}

// The simple commands of a shell's text. Quotes keep words together and are
// left out; what needs a shell to be understood stays as it is written.
std::vector<Words> simple_commands(std::string_view text) {
  std::vector<Words> commands(1);
  std::optional<std::string> word;
  char quote = 0;
  const auto end_word = [&] {
    if (word) commands.back().push_back(std::move(*word));
    word.reset();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!word && !ends_word(c)) word.emplace();
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        *word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '\\' && i + 1 < text.size()) {
      if (text[++i] != '\n') *word += text[i];
    } else if (ends_word(c)) {
      end_word();
      const bool ends_command = c != ' ' && c != '\t';
      if (ends_command && !commands.back().empty()) commands.emplace_back();
    } else {
      *word += c;
    }
  }
  end_word();
  if (commands.back().empty()) commands.pop_back();
  return commands;
}

// Of a shell's text the command that names the job.
Words main_command(std::string_view text) {
  std::vector<Words> commands = simple_commands(text);
  for (Words& command : commands) {
    while (!command.empty() && is_assignment(command.front()))
      command.erase(command.begin());
    if (!command.empty() && !is_one_of(command.front(), kPreparations))
      return std::move(command);
  }
  return commands.empty() ? Words() : std::move(commands.front());
}

// The text behind -c, whatever letters are with it (-ec); none where the shell
// runs a file.
std::optional<std::string_view> shell_text(const Words& argv) {
  for (std::size_t i = 1; i + 1 < argv.size(); ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with('-')) return std::nullopt;
    if (word.starts_with("--") || !word.ends_with('c')) continue;
    const bool marked = argv[i + 1] == "--" && i + 2 < argv.size();
    return argv[i + (marked ? 2 : 1)];
  }
  return std::nullopt;
}

// Where the program begins that `wrapper` starts; the end where it starts none.
std::size_t behind(const Wrapper& wrapper, const Words& argv) {
  std::size_t operands = wrapper.operands;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string_view word = argv[i];
    if (word == "--") return i + 1;
    if (word.size() == 2 && word[0] == '-' &&
        wrapper.values.find(word[1]) != std::string_view::npos) {
      ++i;
      continue;
    }
    if (word.starts_with('-')) continue;
    if (wrapper.name == "env" && is_assignment(word)) continue;
    if (operands == 0) return i;
    --operands;
  }
  return argv.size();
}

// One layer less; false where the words are the program's own.
bool unwrap(Words& argv) {
  if (argv.empty()) return false;
  const std::string_view name = base_name(argv.front());
  if (is_one_of(name, kShells)) {
    if (const auto text = shell_text(argv)) {
      Words command = main_command(*text);
      if (command.empty()) return false;
      argv = std::move(command);
      return true;
    }
    // A script: of those only libtool's is a wrapper.
    if (argv.size() < 2 || base_name(argv[1]) != "libtool") return false;
    argv.erase(argv.begin());
    return true;
  }
  const auto wrapper =
      std::find_if(kWrappers.begin(), kWrappers.end(),
                   [&](const Wrapper& known) { return known.name == name; });
  if (wrapper == kWrappers.end()) return false;
  const std::size_t at = behind(*wrapper, argv);
  if (at >= argv.size()) return false;
  argv.erase(argv.begin(), argv.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

// As it is stored, too.
std::string shortened(std::string_view text) {
  std::string key = valid_utf8(text);
  if (key.size() <= kLongestKey) return key;
  const std::uint64_t hash = hash_of(key);
  key.resize(kLongestKey - 20);
  while (!key.empty() && !starts_character(key.back())) key.pop_back();
  return key + fmt::format("... {:016x}", hash);
}

std::string compiler_kind(const Words& words) {
  const std::string name(base_name(words.front()));
  const auto has = [&](std::string_view option) {
    return std::find(words.begin() + 1, words.end(), option) != words.end();
  };
  if (has("-c")) return name + " -c";
  if (has("-shared")) return name + " -shared";
  if (has("-E")) return name + " -E";
  return name + " link";
}

}  // namespace

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

Words own_words(Words argv) {
  for (std::size_t depth = 0; depth < kDeepestWrapping && unwrap(argv);)
    ++depth;
  return argv;
}

std::string job_key(const Words& argv, std::string_view project) {
  const std::string below = std::string(project) + "/";
  std::string key;
  for (const std::string& word : own_words(argv)) {
    if (word.starts_with("/tmp/") && !key.empty() &&
        (project.empty() || !word.starts_with(below)))
      continue;
    std::string text = key.empty() ? std::string(base_name(word)) : word;
    if (text.starts_with("-frandom-seed=")) text = "-frandom-seed=";
    if (!project.empty()) {
      // Also inside a word: -I/home/me/project/include.
      const std::size_t at = text.find(below);
      if (at != std::string::npos) text.erase(at, below.size());
    }
    if (!key.empty()) key += ' ';
    key += text;
  }
  return shortened(key);
}

std::string job_kind(const Words& argv) {
  const Words words = own_words(argv);
  if (words.empty()) return "";
  const std::string name(base_name(words.front()));
  if (is_compiler(name)) return compiler_kind(words);
  const bool interprets = is_one_of(without_version(name), kInterpreters);
  if (!interprets && name != "cargo" && name != "go") return shortened(name);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-m" && i + 1 < words.size())
      return shortened(name + " -m " + words[i + 1]);
    if (!words[i].starts_with('-'))
      return shortened(name + " " + std::string(base_name(words[i])));
  }
  return shortened(name);
}

}  // namespace fitrun
