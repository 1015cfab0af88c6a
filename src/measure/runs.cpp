#include "measure/runs.h"

#include <string.h>

#include <algorithm>
#include <ctime>
#include <unordered_map>
#include <utility>

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "measure/run_line.h"

namespace fitrun {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kTolerated = 1.10;  // of what was declared
// Bytes. A command line can have two million.
constexpr std::size_t kLongestCommand = 4096;

// Bytes of a command line that are not UTF-8 must not cost the record.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> shortened(const std::vector<std::string>& command) {
  std::vector<std::string> words;
  std::size_t left = kLongestCommand;
  for (const std::string& word : command) {
    if (word.size() >= left) {
      words.push_back(word.substr(0, left) + "...");
      break;
    }
    words.push_back(word);
    left -= word.size() + 1;
  }
  return words;
}

bool contains(std::string_view line, std::string_view part) {
  return ::memmem(line.data(), line.size(), part.data(), part.size()) !=
         nullptr;
}

// Tells by its look that a line is of others, as most are: to take one apart
// costs a hundred times as much.
class Sieve {
 public:
  explicit Sieve(const RunsOf& of)
      : name_(of.tool.empty() ? of.stage : of.tool) {
    if (!name_.empty()) name_ = dumped(name_);
    add("\"project\":", of.project);
    add("\"kind\":", of.kind);
  }

  bool lets_through(std::string_view line) const {
    // What is not said is of all.
    return contains(line, name_) &&
           std::all_of(open_.begin(), open_.end(), [&](const auto& said) {
             return contains(line, said.second) || !contains(line, said.first);
           });
  }

 private:
  // As we write them: without spaces. What another program has written, with
  // some, is taken apart.
  void add(const std::string& key, const std::string& value) {
    if (!value.empty()) open_.emplace_back(key + '"', key + dumped(value));
  }

  std::string name_;
  std::vector<std::pair<std::string, std::string>> open_;
};

}  // namespace

Json to_json(const RunRecord& record) {
  Json json{{"v", kRunLineVersion}};
  if (!record.run.empty()) json["run"] = record.run;
  if (record.checkpoint) json["checkpoint"] = true;
  json["time"] = record.time;
  json["stage"] = valid_utf8(record.stage);
  if (!record.tool.empty()) json["tool"] = valid_utf8(record.tool);
  if (!record.project.empty()) json["project"] = valid_utf8(record.project);
  if (!record.kind.empty()) json["kind"] = valid_utf8(record.kind);
  json["label"] = record.label;
  json["command"] = shortened(record.command);
  json["workers"] = record.workers;
  json["available"] = record.available;
  json["fixed"] = record.fixed;
  json["per_worker"] = record.per_worker;
  if (record.peak) json["peak"] = *record.peak;
  const bool counted = record.certainty == Certainty::counted;
  json["certainty"] = counted ? "counted" : "at least";
  json["method"] = record.method;
  json["seconds"] = record.seconds;
  if (record.wait_status) json["wait_status"] = *record.wait_status;
  if (record.oom_kills) json["oom_kills"] = *record.oom_kills;
  if (record.held) json["held"] = true;
  for (const auto& [jobs, bytes] : record.envelope)
    json["envelope"].push_back(Json::array({jobs, bytes}));
  for (const auto& [kind, jobs, mean, most] : record.jobs.kinds)
    json["kinds"][kind] = Json::array({jobs, mean, most});
  for (const auto& [key, bytes] : record.jobs.largest)
    json["jobs"][key] = bytes;
  return json;
}

std::string to_json_line(const RunRecord& record) {
  return dumped(to_json(record)) + "\n";
}

bool is_of(const RunRecord& record, const RunsOf& of) {
  const auto open = [](const std::string& wanted, const std::string& said) {
    return wanted.empty() || said.empty() || wanted == said;
  };
  return (of.stage.empty() || of.stage == record.stage) &&
         (of.tool.empty() || of.tool == record.tool) &&
         open(of.project, record.project) && open(of.kind, record.kind);
}

// From the last line to the first: a launch wants the last few runs only.
ParsedRuns parse_runs(std::string_view text, const RunsOf& of,
                      std::size_t most) {
  ParsedRuns parsed;
  std::vector<std::string_view> candidates;
  const Sieve sieve(of);
  while (!text.empty()) {
    const std::string_view line = trim(take_line(text));
    if (!line.empty() && sieve.lets_through(line)) candidates.push_back(line);
  }
  std::unordered_map<std::string, std::size_t> by_name;
  std::vector<std::pair<std::size_t, RunRecord>> runs;  // by its first line
  for (std::size_t at = candidates.size(); at-- > 0;) {
    RunLine read = read_run_line(candidates[at]);
    if (read.is == RunLine::Is::newer) ++parsed.newer;
    if (read.is == RunLine::Is::damaged) ++parsed.damaged;
    if (read.is != RunLine::Is::record) continue;
    RunRecord& record = read.record;
    if (!is_of(record, of)) continue;
    if (!record.run.empty()) {
      const auto [known, is_new] = by_name.emplace(record.run, runs.size());
      if (!is_new) {
        runs[known->second].first = at;
        continue;
      }
    }
    if (runs.size() == most) break;
    runs.emplace_back(at, std::move(record));
  }
  std::sort(runs.begin(), runs.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [at, record] : runs) parsed.runs.push_back(std::move(record));
  return parsed;
}

std::optional<double> excess_of(const RunRecord& record) {
  const double declared = record.declared();
  if (!record.peak || !(declared > 0)) return std::nullopt;
  const auto peak = static_cast<double>(*record.peak);
  if (peak <= declared * kTolerated) return std::nullopt;
  return peak / declared - 1;
}

std::string utc_time(std::int64_t seconds_since_1970) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(seconds_since_1970)));
}

}  // namespace fitrun
