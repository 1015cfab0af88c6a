#include "measure/history.h"

#include <sys/wait.h>

#include <cstdio>

#include "base/bytes.h"
#include "base/text.h"
#include "measure/wording.h"

namespace fitrun {
namespace {

std::string off_text(const RunRecord& run) {
  if (!run.peak || !(run.declared() > 0)) return "-";
  const double off = static_cast<double>(*run.peak) / run.declared() - 1;
  char text[32];
  std::snprintf(text, sizeof text, "%+.0f%%", off * 100 + 0.0);
  return text;
}

std::string end_text(const RunRecord& run) {
  std::string text;
  if (run.oom_kills.value_or(0) > 0) text = "out of memory, ";
  if (!run.wait_status) return text + "end not seen";
  const int status = *run.wait_status;
  if (WIFSIGNALED(status))
    return text + "signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    return text + "status " + std::to_string(WEXITSTATUS(status));
  return text + "ok";
}

std::string peak_text(const RunRecord& run) {
  if (!run.peak) return "-";
  const std::string bytes = format_bytes(static_cast<double>(*run.peak));
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
  char line[256];
  std::snprintf(line, sizeof line, "%-20s %8s %11s %14s %7s %9s  %s\n", "time",
                "workers", "declared", "peak", "off", "seconds", "end");
  std::string out = line;
  for (const RunRecord& run : runs) {
    std::snprintf(line, sizeof line, "%-20s %8llu %11s %14s %7s %9.1f  ",
                  printable(when(run), 20).c_str(),
                  static_cast<unsigned long long>(run.workers),
                  format_bytes(run.declared()).c_str(), peak_text(run).c_str(),
                  off_text(run).c_str(), run.seconds);
    out += line + end_text(run);
    if (with_stage)
      out += "  " + (run.stage.empty() ? "(flags)" : printable(run.stage));
    out += "\n";
  }
  return out;
}

std::string history_json(const std::vector<RunRecord>& runs) {
  std::string out = "[";
  for (const RunRecord& run : runs) {
    std::string line = to_json_line(run);
    line.pop_back();
    out += (out.size() == 1 ? "\n  " : ",\n  ") + line;
  }
  return out + (runs.empty() ? "]\n" : "\n]\n");
}

std::string excess_line(const RunRecord& run) {
  const auto excess = excess_of(run);
  if (!excess) return "";
  char share[32];
  std::snprintf(share, sizeof share, "%.0f %%", *excess * 100);
  return "the run took " + format_bytes(static_cast<double>(*run.peak)) + ", " +
         share + " more than declared (" + format_bytes(run.declared()) +
         " with " + counted(run.workers, "worker") +
         "); fitrun measure learns the costs";
}

}  // namespace fitrun
