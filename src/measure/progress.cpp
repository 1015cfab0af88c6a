#include "measure/progress.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "measure/wording.h"

namespace fitrun {
namespace {

std::string which(const MeasureProgress& progress) {
  std::string text = fmt::format("run {}", progress.run);
  if (progress.of) text += fmt::format(" of {}", *progress.of);
  text += ", " + counted(progress.request.workers, "worker");
  if (progress.request.input) text += ", " + progress.request.input->path;
  return text + ": ";
}

std::string bytes_text(std::uint64_t bytes) {
  return format_bytes(static_cast<double>(bytes));
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
         bytes_text(progress.bytes) + " now";
}

std::string done_line(const MeasureProgress& progress) {
  const PeakReading& peak = progress.outcome->peak;
  std::string text = which(progress) + bytes_text(peak.bytes);
  if (peak.vram) text += " and " + bytes_text(*peak.vram) + " VRAM";
  text += " in " + time_text(progress.elapsed);
  if (peak.oom_kills.value_or(0) > 0)
    text += ", killed for lack of memory (" + peak.oom_where + ")";
  return text;
}

std::string rest_line(const MeasureProgress& progress) {
  if (progress.run != 1 || !progress.outcome || progress.rest == 0) return "";
  return (progress.of ? "" : "up to ") + counted(progress.rest, "more run") +
         ", about " + time_text(progress.rest_time);
}

}  // namespace fitrun
