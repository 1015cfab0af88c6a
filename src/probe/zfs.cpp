#include "probe/zfs.h"

#include <algorithm>
#include <optional>

#include "base/saturate.h"
#include "base/text.h"

namespace fitrun {

std::uint64_t evictable_arc(std::string_view arcstats) {
  std::optional<std::uint64_t> size, least;
  std::uint64_t evictable = 0;
  while (!arcstats.empty()) {
    const auto columns = words(take_line(arcstats));  // name type data
    if (columns.size() != 3) continue;
    const std::string_view key = columns[0];
    const auto value = parse_count(columns[2]);
    if (key == "size") size = value;
    if (key == "c_min") least = value;
    if (key == "mru_evictable_data" || key == "mru_evictable_metadata" ||
        key == "mfu_evictable_data" || key == "mfu_evictable_metadata")
      evictable = add(evictable, value.value_or(0));
  }
  if (!size || !least) return 0;
  return std::min(evictable, subtract(*size, *least));
}

}  // namespace fitrun
