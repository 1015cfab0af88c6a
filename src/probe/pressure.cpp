#include "probe/pressure.h"

#include <charconv>
#include <string>

#include "base/text.h"

namespace fitrun {

std::optional<double> parse_full_avg10(std::string_view text) {
  constexpr std::string_view kKey = "full avg10=";
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (!line.starts_with(kKey)) continue;
    line = line.substr(kKey.size());
    line = line.substr(0, line.find(' '));
    double percent = 0;
    const char* const end = line.data() + line.size();
    const auto [stop, error] =
        std::from_chars(line.data(), end, percent, std::chars_format::fixed);
    const bool sane =
        error == std::errc{} && stop == end && percent >= 0 && percent <= 100;
    return sane ? std::optional(percent) : std::nullopt;
  }
  return std::nullopt;
}

namespace probe {

std::optional<Pressure> pressure(Self& self) {
  const CgroupChain& chain = self.chain("");
  std::string paths[2] = {"", "/proc/pressure/memory"};
  if (!chain.levels.empty() && chain.gap.empty())
    paths[0] = chain.levels.front().folder + "/memory.pressure";
  for (std::string& path : paths) {
    if (path.empty()) continue;
    const auto text = self.host().read(path);
    if (!text) continue;
    if (const auto percent = parse_full_avg10(*text))
      return Pressure{std::move(path), *percent};
  }
  return std::nullopt;
}

}  // namespace probe
}  // namespace fitrun
