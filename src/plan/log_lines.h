// The sentences of a launch: the original's, and a few that it lacked.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace fitrun {

enum class LogLevel { detail, info, warning };

struct LogLine {
  LogLevel level = LogLevel::info;
  std::string text;
};

// What to tell the user, in order, at `least` and above. Sentences that would
// not be shown are not made.
std::vector<LogLine> log_lines(const Plan& plan, LogLevel least);

// Why nothing is run, where `on_no_fit` says so; one line.
std::string no_fit_reason(const Plan& plan, const Sourced<OnNoFit>& on_no_fit);

// That the launch waits; one line.
std::string waiting_line(const Plan& plan,
                         std::optional<std::chrono::milliseconds> timeout);

// "[budget:HTML] ", the beginning of every line about a stage.
std::string log_tag(const std::string& label);

}  // namespace fitrun
