#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "launch/target.h"
#include "plan/inject.h"
#include "stage/cost.h"
#include "stage/diagnostic.h"

namespace fitrun {
namespace {

constexpr double kMib = 1 << 20;

// Inputs that are not there, and costs that are hardly meant.
void look_at(const Stage& stage, std::vector<std::string>& absent,
             std::vector<std::string>& doubts) {
  for (const PoolNeeds& needs : stage.pools) {
    for (const Cost* const cost : {&needs.fixed, &needs.per_worker}) {
      const CostSum sum = sum_cost(*cost, absent);
      for (const CostItem& item : sum.items)
        if (!item.warning.empty()) doubts.push_back(item.warning);
      if (cost == &needs.per_worker && !sum.items.empty() && sum.bytes > 0 &&
          sum.bytes < kMib) {
        doubts.push_back(sum.items.front().origin + ": per_worker is " +
                         format_bytes(sum.bytes) +
                         ", less than a MiB: is its unit missing?");
      }
    }
  }
  std::vector<std::string> templates = stage.command;
  for (const Injection& injection : stage.inject)
    templates.push_back(injection.text);
  for (const std::string& text : templates) {
    const std::string near = nearly_placeholder(text);
    if (!near.empty())
      doubts.push_back(in_quotes(near) +
                       " is no placeholder and stays as it is;"
                       " the count is <threads>");
  }
}

}  // namespace

ExitStatus check_command(const Options& options,
                         const Environment& environment) {
  if (options.words.empty())
    throw Failure("check: give one or more descriptors");
  std::string mistakes;
  for (const std::string& name : options.words) {
    std::string right;
    try {
      const std::vector<Stage> stages = read_stages(name, environment);
      // An input may be made by an earlier step: its absence is no mistake.
      std::vector<std::string> doubts;
      std::vector<std::string> absent;
      for (const Stage& stage : stages) look_at(stage, absent, doubts);
      for (std::string& input : absent) input.insert(0, "  but not now: ");
      for (std::string& doubt : doubts) doubt.insert(0, "  but ");
      right = printable(name) + ": ok\n" + render_messages(absent) +
              render_messages(doubts);
    } catch (const Failure& failure) {
      const std::string_view said = failure.what();
      mistakes +=
          said.ends_with('\n') ? std::string(said) : printable(said) + "\n";
    }
    print(right);  // no mistake of the descriptor's where it fails
  }
  if (!mistakes.empty()) throw Failure(mistakes);
  return ExitStatus::ok;
}

}  // namespace fitrun
