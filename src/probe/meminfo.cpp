#include "probe/meminfo.h"

#include <limits>

#include "base/text.h"

namespace fitrun {
namespace {

// "  24604508 kB" in bytes.
std::optional<std::uint64_t> kib_value(std::string_view text) {
  text = trim(text);
  if (!text.ends_with(" kB")) return std::nullopt;
  const auto kib = parse_count(trim(text.substr(0, text.size() - 3)));
  if (!kib || *kib > std::numeric_limits<std::uint64_t>::max() / 1024)
    return std::nullopt;
  return *kib * 1024;
}

}  // namespace

Meminfo parse_meminfo(std::string_view text) {
  Meminfo info;
  for (const std::string_view line : lines(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const auto value = [&] { return kib_value(line.substr(colon + 1)); };
    if (key == "MemTotal") info.total = value();
    if (key == "MemFree") info.free = value();
    if (key == "MemAvailable") info.available = value();
  }
  return info;
}

namespace probe {

Constraint host_memory(const Host& host) {
  Constraint c;
  c.name = "host.mem_available";
  c.where = "/proc/meminfo";
  const auto text = host.read(c.where);
  if (!text) {
    c.reason = text.error().message;
    return c;
  }
  const Meminfo info = parse_meminfo(*text);
  c.limit = info.total;
  c.available = info.available;
  if (!c.available) c.reason = "no MemAvailable line (kernels before 3.14)";
  if (info.total && info.available && *info.available <= *info.total)
    c.used = *info.total - *info.available;
  return c;
}

}  // namespace probe
}  // namespace fitrun
