// Every option, once: what it is called, what it does, how help describes it.
//
// The command line, the FITRUN_ variables and --help are all made from this
// table, so that none of them can lack an option.

#pragma once

#include <span>
#include <string>

#include "cli/options.h"

namespace fitrun {

struct OptionRow {
  const char* names;     // as CLI11 takes them: "-q,--quiet"
  const char* value;     // "SIZE"; null for a flag
  const char* variable;  // "FITRUN_WANT"; null for none
  const char* text;
  unsigned verbs;  // bit 1 << Verb
  bool repeatable;
  // Throws Failure that names `origin` on a value it does not take.
  void (*set)(Options& options, const std::string& value,
              const std::string& origin);
};

std::span<const OptionRow> option_table();

constexpr bool belongs_to(const OptionRow& row, Verb verb) {
  return (row.verbs >> static_cast<unsigned>(verb) & 1U) != 0;
}

}  // namespace fitrun
