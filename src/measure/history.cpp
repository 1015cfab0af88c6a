#include "measure/history.h"

#include <sys/wait.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"

namespace fitrun {
namespace {

std::string declared_text(const RunRecord& run) {
  return run.declared() > 0 ? format_bytes(run.declared()) : "-";
}

std::string off_text(const RunRecord& run) {
  if (!run.peak || !(run.declared() > 0)) return "-";
  const double off = static_cast<double>(*run.peak) / run.declared() - 1;
  return fmt::format("{:+.0f}%", off * 100 + 0.0);
}

std::string end_text(const RunRecord& run) {
  std::string text;
  if (run.oom_kills.value_or(0) > 0) text = "out of memory, ";
  if (!run.wait_status) return text + "ended";
  const int status = *run.wait_status;
  if (WIFSIGNALED(status))
    return fmt::format("{}signal {}", text, WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    return fmt::format("{}status {}", text, WEXITSTATUS(status));
  return text + "ok";
}

std::string peak_text(const RunRecord& run) {
  if (!run.peak) return "-";
  const std::string bytes = format_bytes(*run.peak);
  return run.certainty == Certainty::counted ? bytes : ">= " + bytes;
}

// "2026-01-31T12:00:00Z" -> "2026-01-31 12:00:00Z"
std::string when(const RunRecord& run) {
  std::string text = run.time;
  const std::size_t at = text.find('T');
  if (at != std::string::npos) text[at] = ' ';
  return text;
}

}  // namespace

std::string render_history(const std::vector<RunRecord>& runs,
                           bool with_stage) {
  std::string out =
      fmt::format("{:<20} {:>8} {:>11} {:>14} {:>7} {:>9}  {}\n", "time",
                  "workers", "expected", "peak", "off", "seconds", "end");
  for (const RunRecord& run : runs) {
    out +=
        fmt::format("{:<20} {:>8} {:>11} {:>14} {:>7} {:>9.1f}  {}",
                    printable(when(run), 20), run.workers, declared_text(run),
                    peak_text(run), off_text(run), run.seconds, end_text(run));
    if (with_stage) out += "  " + printable(subject_of(run));
    out += "\n";
  }
  return out;
}

std::string subject_of(const RunRecord& run) {
  if (!run.tool.empty()) {
    const std::string& what = run.kind.empty() ? run.tool : run.kind;
    return run.project.empty() ? what : what + " in " + run.project;
  }
  return run.stage.empty() ? "(flags)" : run.stage;
}

std::string history_json(const std::vector<RunRecord>& runs) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const RunRecord& run : runs) list.push_back(to_json(run));
  return list.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string excess_line(const RunRecord& run, std::string_view subject) {
  const auto excess = excess_of(run);
  if (!excess) return "";
  return fmt::format(
      "{} took {}, {:.0f} % more than declared ({} with {}); fitrun measure "
      "learns the costs",
      subject, format_bytes(*run.peak), *excess * 100,
      format_bytes(run.declared()), counted(run.workers, "worker"));
}

}  // namespace fitrun
