#include "launch/learning.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "base/base_name.h"
#include "base/bytes.h"
#include "base/text.h"
#include "launch/recording.h"
#include "launch/target.h"
#include "measure/history.h"
#include "measure/learned.h"
#include "measure/retry.h"
#include "measure/runs_file.h"
#include "plan/tool_line.h"
#include "stage/cost.h"
#include "stage/find.h"

namespace fitrun {
namespace {

// To learn from. Each is a few kilobytes that every launch reads.
constexpr std::size_t kRunsForCosts = 8;
// Where there were kills: a cap is lifted by three at a time.
constexpr std::size_t kRunsForCaps = 24;

// How many runs a launch learns from.
std::size_t runs_for_launch(bool killed) {
  return killed ? kRunsForCaps : kRunsForCosts;
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

// The nearest folder at or above the current one that is a project's.
std::string project_folder() {
  char here[PATH_MAX];
  if (!::getcwd(here, sizeof here)) return "";
  std::string current = here;
  std::string folder = current;
  while (!folder.empty()) {
    if (is_there(folder + "/fitrun.toml") || is_there(folder + "/.git"))
      return folder;
    folder.erase(folder.rfind('/'));
  }
  return current;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

// "make" of ".../configs/make.toml", whatever link led there.
std::string tool_name(const std::string& id) {
  const std::string_view name = base_name(id);
  return std::string(name.substr(0, name.rfind(".toml")));
}

bool is_from(const Cost& cost, const std::string& file) {
  return std::all_of(cost.begin(), cost.end(), [&](const CostTerm& term) {
    return !file.empty() && term.origin.starts_with(file + ":");
  });
}

WorkIs work_of(const std::optional<Tool>& tool) {
  const bool processes = tool && tool->jobs == JobKind::processes;
  return processes ? WorkIs::jobs : WorkIs::counts;
}

// Of a program that is no tool, and of a tool that is gone, the counts.
WorkIs work_of(const RunRecord& run, const Environment& environment) {
  if (run.stage.empty() || !is_there(run.stage)) return WorkIs::counts;
  return work_of(read_stage(run.stage, environment, CostRule::optional).tool);
}

std::string lesson(const std::vector<RunRecord>& runs,
                   const LearnedCosts& all) {
  const auto bytes = [](double count) { return format_bytes(count); };
  std::string text = subject_of(runs.back()) + ": " + origin_of(all) + ": ";
  if (all.costs.fixed >= 1) text += bytes(all.costs.fixed) + " + ";
  text += bytes(all.costs.per_worker) + " a worker";
  if (all.headroom) text += fmt::format(", headroom {:.6g}", *all.headroom);
  return text;
}

std::string lesson(const std::vector<RunRecord>& runs, const KillCap& cap) {
  return fmt::format(
      "{}: at most {}, because with {} the kernel has killed for lack of "
      "memory; {} of the 3 clean runs that lift it",
      subject_of(runs.back()), counted(cap.workers, "worker"), cap.killed,
      cap.clean);
}

Cost sized(double bytes, const std::string& origin) {
  if (!(bytes >= 1)) return {};
  return {{Bytes{static_cast<std::uint64_t>(std::ceil(bytes))}, origin}};
}

}  // namespace

RunsOf runs_of(const Stage& stage) {
  const std::string id = valid_utf8(stage_id(stage));
  if (stage.tool) return {.tool = tool_name(id)};
  return {.stage = id};
}

RunRecord record_for(const Target& target) {
  RunRecord record;
  record.stage = stage_id(target.stage);
  if (target.stage.tool)
    record.tool = tool_name(record.stage);
  else if (record.stage.empty() && !target.command.empty())
    record.tool = base_name(target.command.front());
  record.project = project_folder();
  const Tool* const tool = target.tool ? &*target.tool : nullptr;
  record.kind = joined(kind_of_line(tool, target.command));
  return record;
}

RunsOf runs_like(const RunRecord& record) {
  // A tool's descriptor may have moved.
  return {valid_utf8(record.tool.empty() ? record.stage : ""),
          valid_utf8(record.tool), valid_utf8(record.project),
          valid_utf8(record.kind)};
}

RunRecord own_record(const Learning& known, const Target& target) {
  return known.own ? *known.own : record_for(target);
}

bool is_undeclared(const Target& target, const Environment& environment) {
  const Stage& stage = target.stage;
  if (stage.pools.size() != 1 || stage.pools[0].pool != Pool::ram) return false;
  const PoolNeeds& ram = stage.pools.front();
  if (ram.fixed.empty() && ram.per_worker.empty()) return true;
  if (!stage.tool || !is_from(ram.fixed, stage.file) ||
      !is_from(ram.per_worker, stage.file))
    return false;
  // One of the user's own tools is declared by the user.
  const std::string own = user_config_folder(environment);
  return own.empty() || !stage.file.starts_with(own + "/");
}

void apply_learned(Target& target, const std::vector<RunRecord>& records) {
  const auto learned = learn_costs(records, work_of(target.tool));
  if (!learned) return;
  const std::string origin = origin_of(*learned);
  PoolNeeds& ram = target.stage.pools.front();
  std::vector<std::string> errors;
  if (const CostSum bound = sum_cost(ram.per_worker, errors); bound.bytes > 0)
    target.job_bound = bound.bytes;
  ram.fixed = sized(learned->costs.fixed, origin);
  ram.per_worker = sized(learned->costs.per_worker, origin);
  target.headroom_is_learned =
      learned->headroom && ram.headroom.origin == "default";
  if (target.headroom_is_learned) ram.headroom = {*learned->headroom, origin};
}

std::string lessons_of(const std::vector<RunRecord>& runs,
                       const Environment& environment) {
  std::vector<std::vector<RunRecord>> groups;
  for (const RunRecord& run : runs) {
    const RunsOf these = runs_like(run);
    const auto known = std::find_if(
        groups.begin(), groups.end(),
        [&](const auto& group) { return is_of(group.front(), these); });
    if (known == groups.end())
      groups.push_back({run});
    else
      known->push_back(run);
  }
  // What a launch would learn: and with all of a year's runs it takes minutes.
  const std::size_t most = runs_for_launch(has_kills(state_place(environment)));
  std::string text;
  for (auto& group : groups) {
    if (group.size() > most)
      group.erase(group.begin(),
                  group.end() - static_cast<std::ptrdiff_t>(most));
    const RunRecord& last = group.back();
    if (const auto cap = cap_of_kills(group, last.available))
      text += printable(lesson(group, *cap)) + "\n";
    if (last.tool.empty()) continue;
    if (const auto costs = learn_costs(group, work_of(last, environment)))
      text += printable(lesson(group, *costs)) + "\n";
  }
  return text;
}

std::uint64_t least_known_count(const Target& target,
                                const std::vector<RunRecord>& past) {
  const auto learned = learn_costs(past, work_of(target.tool));
  if (!learned) return 0;
  const Cost& cost = target.stage.pools.front().per_worker;
  return !cost.empty() && cost.front().origin == origin_of(*learned)
             ? learned->least_known
             : 0;
}

std::optional<WorkerCap> cap_of_one_count(const Plan& plan,
                                          const Target& target,
                                          const std::vector<RunRecord>& past,
                                          const Environment& environment) {
  // Of a count that was asked for, nobody expects to save.
  if (!plan.reduced) return std::nullopt;
  const std::uint64_t least = least_known_count(target, past);
  if (plan.threads >= least) return std::nullopt;
  WorkerCap cap;
  cap.name = kOneCountCap;
  cap.where = state_place(environment).runs();
  cap.limit = least;
  return cap;
}

Learning learn(Target& target, const LaunchOptions& options,
               const Caller& caller) {
  Learning known;
  const bool undeclared = is_undeclared(target, caller.environment);
  known.recorded = options.watch || target.stage.record || undeclared;
  const StatePlace place = state_place(caller.environment);
  const bool killed = has_kills(place);
  if (!known.recorded && options.retries == 0 && !killed) return known;
  known.own = record_for(target);
  // Where neither a stage nor a command is named they would be anybody's.
  if (known.own->stage.empty() && known.own->tool.empty()) return known;
  const RunsOf these = runs_like(*known.own);
  // A stage's declaration is for all that it runs.
  const RunsOf all = these.stage.empty() ? these : RunsOf{.stage = these.stage};
  auto history = read_history(place, all, runs_for_launch(killed));
  const auto note = [&](const std::string& text) {
    caller.say(LogLevel::info, log_tag(target.stage.label.value) + text);
  };
  // With retries the first record that cannot be written says the same.
  if (!history && options.retries == 0)
    note("what earlier runs have taught is not known: " +
         history.error().message);
  known.unreadable = !history;
  if (!history) return known;
  for (const std::string& text : history->notes) note(text);
  known.past = std::move((*history).runs);
  std::copy_if(known.past.begin(), known.past.end(),
               std::back_inserter(known.alike),
               [&](const RunRecord& run) { return is_of(run, these); });
  // Without a record a cap on what somebody declared would never be lifted.
  if (!known.alike.empty() &&
      cap_of_kills(known.alike, known.alike.back().available))
    known.recorded = true;
  if (undeclared) apply_learned(target, known.alike);
  return known;
}

}  // namespace fitrun
