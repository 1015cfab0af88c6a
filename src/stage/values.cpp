#include "stage/values.h"

#include <charconv>

#include "base/text.h"

namespace fitrun {

Result<Want> parse_want(std::string_view text) {
  if (text == "cpus") return Want{};
  const auto count = parse_count(text);
  if (!count || *count < 1 || *count > kMostWorkers) {
    return Error{"not a worker count: " + in_quotes(text) +
                 " (\"cpus\", or a number from 1 to " +
                 std::to_string(kMostWorkers) + ")"};
  }
  return Want{*count};
}

Result<double> check_headroom(double value) {
  if (value > 0 && value <= 1) return value;
  return Error{
      "headroom must be above 0 and at most 1: it is the share of the "
      "free memory to plan with"};
}

Result<double> parse_headroom(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end)
    return Error{"not a number: " + in_quotes(text)};
  return check_headroom(value);
}

Result<OnNoFit> parse_on_no_fit(std::string_view text) {
  if (text == "run-one") return OnNoFit::run_one;
  if (text == "fail") return OnNoFit::fail;
  if (text == "wait") return OnNoFit::wait;
  return Error{"expected \"run-one\", \"fail\" or \"wait\", not " +
               in_quotes(text)};
}

Result<Hold> parse_hold(std::string_view text) {
  if (text == "auto") return Hold::automatic;
  if (text == "on") return Hold::on;
  if (text == "off") return Hold::off;
  return Error{"expected \"auto\", \"on\" or \"off\", not " + in_quotes(text)};
}

Result<DeviceChoice> parse_devices(std::string_view text) {
  if (text == "first") return DeviceChoice{};
  if (text == "all") return DeviceChoice{DeviceChoice::all, {}};
  DeviceChoice listed{DeviceChoice::listed, {}};
  for (const std::string_view part : split(text, ',')) {
    const std::string_view name = trim(part);
    if (!parse_count(name) && !name.starts_with("GPU-") &&
        !name.starts_with("MIG-")) {
      return Error{
          "expected \"first\", \"all\", or GPUs by number or UUID, not " +
          in_quotes(name)};
    }
    listed.names.emplace_back(name);
  }
  return listed;
}

Result<Spread> parse_spread(std::string_view text) {
  const auto spread = spread_from_key(text);
  if (spread && *spread != Spread::first) return *spread;
  return Error{"expected \"pin\", \"roundrobin\", \"even\" or \"model\", not " +
               in_quotes(text)};
}

Result<std::string> check_label(std::string_view text) {
  if (!text.empty() && printable(text) == text) return std::string(text);
  return Error{"a label is one line of text, and not empty"};
}

}  // namespace fitrun
