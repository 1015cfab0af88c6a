#include "measure/progress.h"

#include <cstdio>

#include "base/bytes.h"

namespace fitrun {
namespace {

// "0.4 s", "12 s", "3 min 20 s".
std::string time_text(std::chrono::milliseconds elapsed) {
  const double seconds = static_cast<double>(elapsed.count()) / 1000;
  char text[48];
  if (seconds < 10) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (seconds < 120) {
    std::snprintf(text, sizeof text, "%.0f s", seconds);
  } else {
    const long long whole = static_cast<long long>(seconds);
    std::snprintf(text, sizeof text, "%lld min %lld s", whole / 60, whole % 60);
  }
  return text;
}

std::string which(const MeasureProgress& progress) {
  std::string text = "run " + std::to_string(progress.run);
  if (progress.of) text += " of " + std::to_string(*progress.of);
  text += ", " + std::to_string(progress.request.workers);
  text += progress.request.workers == 1 ? " worker" : " workers";
  if (progress.request.input) text += ", " + progress.request.input->path;
  return text + ": ";
}

std::string bytes_text(std::uint64_t bytes) {
  return format_bytes(static_cast<double>(bytes));
}

}  // namespace

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

}  // namespace fitrun
