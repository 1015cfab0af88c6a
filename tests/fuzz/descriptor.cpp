// Descriptors: whatever the text, a stage or mistakes that can be shown.

#include "fuzz.h"
#include "stage/parse.h"

using namespace fitrun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Environment environment(
      std::map<std::string, std::string>{{"NAME", "value"}});
  const auto parsed = parse_stage(text, "stages/s.toml", environment);
  if (const auto* const mistakes =
          std::get_if<std::vector<Diagnostic>>(&parsed)) {
    FITRUN_REQUIRE(!mistakes->empty());
    const std::string shown =
        render_diagnostics(*mistakes, "stages/s.toml", text);
    FITRUN_REQUIRE(shown.find(": error: ") != std::string::npos);
    return 0;
  }
  const Stage& stage = std::get<Stage>(parsed);
  FITRUN_REQUIRE(!stage.pools.empty() && stage.pools.size() <= 2);
  for (const PoolNeeds& needs : stage.pools) {
    FITRUN_REQUIRE(needs.headroom.value > 0 && needs.headroom.value <= 1);
    FITRUN_REQUIRE(needs.probe_timeout.count() > 0);
  }
  return 0;
}
