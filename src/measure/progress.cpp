#include "measure/progress.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace fitrun {
namespace {

std::string which(const MeasureProgress& progress) {
  std::string text = fmt::format("run {}", progress.run);
  if (progress.of) text += fmt::format(" of {}", *progress.of);
  text += ", " + counted(progress.request.workers, "worker");
  if (progress.request.input) text += ", " + progress.request.input->path;
  return text + ": ";
}

// Where the counts are still open, the rest is the most that it can be.
std::string about(const MeasureProgress& progress,
                  std::chrono::milliseconds time) {
  return (progress.of ? "about " : "up to ") + time_text(time);
}

// "; 5 more runs, about 4 min"; empty where no other follows.
std::string rest_text(const MeasureProgress& progress) {
  if (progress.rest == 0) return "";
  std::string text = "; ";
  if (!progress.of) text += "up to ";
  text += counted(progress.rest, "more run");
  return progress.left ? text + ", " + about(progress, *progress.left) : text;
}

}  // namespace

std::string time_text(std::chrono::milliseconds elapsed) {
  const double seconds = static_cast<double>(elapsed.count()) / 1000;
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<long long>(seconds);
  if (whole < 7200) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

std::string live_line(const MeasureProgress& progress) {
  return which(progress) + time_text(progress.elapsed) + ", " +
         format_bytes(progress.bytes) + " now" +
         (progress.left ? ", " + about(progress, *progress.left) + " left"
                        : "");
}

std::string done_line(const MeasureProgress& progress) {
  const PeakReading& peak = progress.outcome->peak;
  std::string text = which(progress) + format_bytes(peak.bytes);
  if (peak.vram) text += " and " + format_bytes(*peak.vram) + " VRAM";
  text += " in " + time_text(progress.elapsed);
  if (peak.oom_kills.value_or(0) > 0)
    text += ", killed for lack of memory (" + peak.oom_where + ")";
  return text + rest_text(progress);
}

}  // namespace fitrun
