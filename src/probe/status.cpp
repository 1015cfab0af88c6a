#include "probe/status.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/text.h"
#include "os/kernel_text.h"

namespace fitrun {
namespace {

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

Rights own_rights() {
  Rights rights;
  rights.uid = ::getuid();
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> halves{};
  if (::syscall(SYS_capget, &header, halves.data()) == 0)
    rights.capabilities =
        halves[0].effective | std::uint64_t{halves[1].effective} << 32;
  return rights;
}

bool is_status_line(std::string_view line) {
  const std::string_view key = line.substr(0, line.find(':'));
  return key == "Pid" || key == "Uid" || key == "CapEff" || key == "VmSize" ||
         key == "Cpus_allowed_list" || key == "Mems_allowed_list";
}

Status parse_status(std::string_view text) {
  Status status;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!is_status_line(line)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (key == "Pid") status.pid = parse_count(value);
    if (key == "Uid")
      status.uid = parse_count(value.substr(0, value.find_first_of(" \t")));
    if (key == "CapEff") status.capabilities = parse_hex(value);
    if (key == "VmSize") status.virtual_bytes = parse_kib(value);
    if (key == "Cpus_allowed_list") status.cpus_allowed = value;
    if (key == "Mems_allowed_list") status.mems_allowed = value;
  }
  return status;
}

}  // namespace fitrun
