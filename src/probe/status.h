// /proc/self/status: what the kernel says of this process (man 5 proc). Of the
// sixty lines, those that decide something here.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fitrun {

struct Rights {
  std::optional<std::uint64_t> uid;           // the real one
  std::optional<std::uint64_t> capabilities;  // CapEff, a bit each

  // Bits of capability.h, by number.
  bool has_capability(unsigned bit) const {
    return capabilities && (*capabilities >> bit & 1) != 0;
  }
};

// Those of this process, by system calls: a tenth of the time that the file
// takes.
Rights own_rights();

// Lines that are absent or malformed stay empty.
struct Status : Rights {
  std::optional<std::uint64_t> pid;
  std::optional<std::uint64_t> virtual_bytes;  // VmSize
  std::optional<std::string> cpus_allowed;     // a list, "0-7"
  std::optional<std::string> mems_allowed;     // a list, "0-1"
};

inline constexpr unsigned kCapSysAdmin = 21;
inline constexpr unsigned kCapSysResource = 24;

// Whether `line` of the file is one that parse_status() looks at.
bool is_status_line(std::string_view line);

Status parse_status(std::string_view text);

}  // namespace fitrun
