#include "measure/runs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "os/fd.h"
#include "os/file.h"

namespace fitrun {
namespace {

using Json = nlohmann::ordered_json;

// A history of this size is some hundred thousand runs.
constexpr std::size_t kLargestFile = 64U << 20;
constexpr double kTolerated = 1.10;  // of what was declared

template <typename T>
void read_into(const Json& json, const char* key, T& value) {
  const auto at = json.find(key);
  if (at == json.end() || at->is_null()) return;
  value = at->get<T>();
}

template <typename T>
void read_into(const Json& json, const char* key, std::optional<T>& value) {
  const auto at = json.find(key);
  if (at == json.end() || at->is_null()) return;
  value = at->get<T>();
}

// Bytes of a command line that are not UTF-8 must not cost the record.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Makes every missing folder above `path`.
Result<bool> make_folders(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos;
       at = path.find('/', at + 1)) {
    const std::string folder = path.substr(0, at);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return path_error(folder, errno);
  }
  return true;
}

}  // namespace

std::string to_json_line(const RunRecord& record) {
  Json json{{"time", record.time},       {"stage", record.stage},
            {"label", record.label},     {"command", record.command},
            {"workers", record.workers}, {"available", record.available},
            {"fixed", record.fixed},     {"per_worker", record.per_worker}};
  if (record.peak) json["peak"] = *record.peak;
  const bool counted = record.certainty == Certainty::counted;
  json["certainty"] = counted ? "counted" : "at least";
  json["method"] = record.method;
  json["seconds"] = record.seconds;
  if (record.wait_status) json["wait_status"] = *record.wait_status;
  if (record.oom_kills) json["oom_kills"] = *record.oom_kills;
  return dumped(json) + "\n";
}

std::optional<RunRecord> parse_json_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  RunRecord record;
  std::string certainty;
  try {
    read_into(json, "time", record.time);
    read_into(json, "stage", record.stage);
    read_into(json, "label", record.label);
    read_into(json, "command", record.command);
    read_into(json, "workers", record.workers);
    read_into(json, "available", record.available);
    read_into(json, "fixed", record.fixed);
    read_into(json, "per_worker", record.per_worker);
    read_into(json, "peak", record.peak);
    read_into(json, "certainty", certainty);
    read_into(json, "method", record.method);
    read_into(json, "seconds", record.seconds);
    read_into(json, "wait_status", record.wait_status);
    read_into(json, "oom_kills", record.oom_kills);
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  if (certainty == "counted") record.certainty = Certainty::counted;
  if (record.time.empty() || record.workers == 0) return std::nullopt;
  return record;
}

std::vector<RunRecord> parse_runs(std::string_view text,
                                  const std::string& stage) {
  std::vector<RunRecord> records;
  // Most lines are of other stages: those are not taken apart.
  const std::string name = dumped(stage);
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!stage.empty() && line.find(name) == std::string_view::npos) continue;
    auto record = parse_json_line(line);
    if (record && (stage.empty() || record->stage == stage))
      records.push_back(std::move(*record));
  }
  return records;
}

std::optional<double> excess_of(const RunRecord& record) {
  const double declared = record.declared();
  if (!record.peak || !(declared > 0)) return std::nullopt;
  const auto peak = static_cast<double>(*record.peak);
  if (peak <= declared * kTolerated) return std::nullopt;
  return peak / declared - 1;
}

std::string runs_path(const Environment& environment) {
  const auto state = environment.get("XDG_STATE_HOME");
  // The specification has relative paths ignored.
  if (state && state->starts_with('/')) return *state + "/fitrun/runs.jsonl";
  const auto home = environment.get("HOME");
  if (!home || !home->starts_with('/')) return "";
  return *home + "/.local/state/fitrun/runs.jsonl";
}

Result<bool> append_run(const std::string& path, const RunRecord& record) {
  if (const auto made = make_folders(path); !made) return made.error();
  const Fd fd(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return path_error(path, errno);
  const std::string line = to_json_line(record);
  const ssize_t written = ::write(fd.get(), line.data(), line.size());
  if (written < 0) return path_error(path, errno);
  if (static_cast<std::size_t>(written) != line.size())
    return path_error(path, ENOSPC);
  return true;
}

Result<std::vector<RunRecord>> read_runs(const std::string& path,
                                         const std::string& stage) {
  const auto text = read_file(path, kLargestFile);
  if (!text && text.error().code == ENOENT) return std::vector<RunRecord>{};
  if (!text) return text.error();
  return parse_runs(*text, stage);
}

std::string utc_time(std::int64_t seconds_since_1970) {
  const auto seconds = static_cast<time_t>(seconds_since_1970);
  struct tm parts {};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length =
      ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, length};
}

}  // namespace fitrun
