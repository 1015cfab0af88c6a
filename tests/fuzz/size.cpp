// Sizes as people write them.

#include "base/bytes.h"
#include "fuzz.h"

using namespace fitrun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto bytes = parse_size(text);
  if (!bytes) {
    FITRUN_REQUIRE(!bytes.error().message.empty());
    return 0;
  }
  FITRUN_REQUIRE(bytes->count < std::uint64_t{1} << 63);
  FITRUN_REQUIRE(text.front() >= '0' && text.front() <= '9');
  // What was read can be written down and read again.
  const auto again = parse_size(std::to_string(bytes->count));
  FITRUN_REQUIRE(again && again->count == bytes->count);
  FITRUN_REQUIRE(!format_bytes(static_cast<double>(bytes->count)).empty());
  return 0;
}
