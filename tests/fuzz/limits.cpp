// /proc/self/limits.

#include "probe/limits.h"

#include <algorithm>

#include "fuzz.h"

using namespace fitrun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const Limits limits = parse_limits(fuzz::text_of(data, size));
  const auto cap = smallest_cap(limits);
  FITRUN_REQUIRE(cap.has_value() ==
                 (limits.address_space.has_value() || limits.data.has_value()));
  if (cap) {
    FITRUN_REQUIRE(!limits.data || cap->bytes <= *limits.data);
    FITRUN_REQUIRE(!limits.address_space ||
                   cap->bytes <= *limits.address_space);
  }
  return 0;
}
