// memory.stat of both versions, and what it makes reclaimable.

#include "fuzz.h"
#include "probe/cgroup_memory.h"

using namespace fitrun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const MemoryStat stat = parse_memory_stat(fuzz::text_of(data, size));
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  for (const CgroupVersion version : {CgroupVersion::v1, CgroupVersion::v2}) {
    for (const std::uint64_t limit : {std::uint64_t{0}, kMost / 3, kMost}) {
      for (const std::uint64_t used : {std::uint64_t{0}, kMost / 5, kMost})
        FITRUN_REQUIRE(reclaimable_at(limit, used, stat, version) <= used);
    }
  }
  return 0;
}
