// Putting the numbers into the command and its environment.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fitrun {

// The values behind the placeholders; all numbers but the count are bytes.
struct Placeholders {
  std::uint64_t threads = 1;
  std::uint64_t fixed = 0;
  std::uint64_t per_worker = 0;
  std::uint64_t budget = 0;
  std::uint64_t available = 0;
  // The path of this run's input; <input> is no placeholder where it is empty.
  std::string input{};
};

// `text` with <threads>, {threads} and the other names replaced; the byte
// values also as <NAME_mib>, whole MiB rounded down. One behind "$" is none (a
// shell's own variable), and <<NAME>> and {{NAME}} stand for <NAME> and {NAME}.
// What is not a placeholder stays as it is, and what a placeholder became is
// not looked at again.
std::string fill_in(std::string_view text, const Placeholders& values);

// A template of [inject.env] with its placeholders replaced, and each ${NAME}
// by the caller's value of that variable in `inherited`, by nothing where it
// has none. "$${NAME}" stands for "${NAME}".
std::string fill_in_variable(
    std::string_view text, const Placeholders& values,
    const std::map<std::string, std::string>& inherited);

// The NAMEs of all ${NAME} in it.
std::vector<std::string> variables_in(std::string_view text);

// The first of `text` that looks like a placeholder and is none: "<thread>",
// "{jobs}"; empty: nothing does.
std::string nearly_placeholder(std::string_view text);

// Whether the count is put into `text`: it holds <threads> or {threads}.
bool places_count(std::string_view text);

}  // namespace fitrun
