// /proc/meminfo and /proc/self/status, which share the form "Key: number kB".

#include "probe/meminfo.h"

#include "fuzz.h"
#include "probe/status.h"

using namespace fitrun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Meminfo info = parse_meminfo(text);
  for (const auto& bytes :
       {info.total, info.free, info.available, info.active_file,
        info.inactive_file, info.reclaimable, info.commit_limit,
        info.committed})
    FITRUN_REQUIRE(!bytes || *bytes % 1024 == 0);
  // Without zones the only certain thing is what is free.
  FITRUN_REQUIRE(estimate_available(info, {}, 4096) == info.free);
  ZoneNode node;
  node.totals.low = size;
  node.totals.reserve = size;
  estimate_available(info, {node}, 65536);
  const Status status = parse_status(text);
  FITRUN_REQUIRE(!status.virtual_bytes || *status.virtual_bytes % 1024 == 0);
  return 0;
}
