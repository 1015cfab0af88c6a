#include "probe/sysinfo.h"

#include <sys/sysinfo.h>

#include <algorithm>

#include "base/saturate.h"

namespace fitrun {

SystemMemory system_memory(const struct sysinfo& told) {
  const auto bytes = [&](std::uint64_t units) {
    return multiply(units, std::max<std::uint64_t>(1, told.mem_unit));
  };
  SystemMemory memory;
  memory.total = bytes(told.totalram);
  memory.free =
      std::min(memory.total, bytes(add(told.freeram, told.bufferram)));
  memory.swap = bytes(told.totalswap);
  return memory;
}

std::optional<SystemMemory> own_system_memory() {
  struct sysinfo told {};
  if (::sysinfo(&told) != 0) return std::nullopt;
  return system_memory(told);
}

}  // namespace fitrun
