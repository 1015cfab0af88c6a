// Every option, once: what it is called, what it does, how help describes it.
//
// The command line, the FITRUN_ variables and --help are all made from this
// table, so that none of them can lack an option.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/options.h"

namespace fitrun {

struct OptionRow {
  const char* names;     // "-q,--quiet"
  const char* value;     // "SIZE", "[TIME]" that may be left out; null: a flag
  const char* variable;  // "FITRUN_WANT"; null for none
  const char* text;
  unsigned verbs;  // bit 1 << Verb
  // Throws Failure that names `origin` on a value it does not take.
  void (*set)(Options& options, const std::string& value,
              const std::string& origin);
};

std::span<const OptionRow> option_table();

// What may follow the option's name.
enum class Takes { nothing, value, perhaps_time };

constexpr Takes takes(const OptionRow& row) {
  if (!row.value) return Takes::nothing;
  return row.value[0] == '[' ? Takes::perhaps_time : Takes::value;
}

// "-w,--want" -> "--want".
constexpr std::string_view long_name(const OptionRow& row) {
  const std::string_view names = row.names;
  return names.substr(names.rfind("--"));
}

// "-w,--want" -> "-w"; "" for a row without one.
constexpr std::string_view short_name(const OptionRow& row) {
  const std::string_view names = row.names;
  return names.substr(0, names.starts_with("--") ? 0 : names.find(','));
}

constexpr bool belongs_to(const OptionRow& row, Verb verb) {
  return (row.verbs >> static_cast<unsigned>(verb) & 1U) != 0;
}

}  // namespace fitrun
