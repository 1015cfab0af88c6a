// /proc/self/mountinfo.

#include "probe/mountinfo.h"

#include <set>

#include "base/text.h"
#include "fuzz.h"

using namespace fitrun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto mounts = parse_mountinfo(text);
  std::set<std::string> points;
  for (const Mount& mount : mounts) {
    FITRUN_REQUIRE(mount.point.starts_with('/'));
    FITRUN_REQUIRE(mount.root.starts_with('/'));
    FITRUN_REQUIRE(points.insert(mount.point).second);
    mount.has_option("memory");
  }
  // What is taken out of a capture does not matter.
  std::string kept;
  for (const std::string_view line : lines(text)) {
    if (!is_cgroup_mount_line(line)) continue;
    kept += line;
    kept += '\n';
  }
  FITRUN_REQUIRE(parse_mountinfo(kept).size() == mounts.size());
  FITRUN_REQUIRE(unescape_octal(text).size() <= text.size());
  return 0;
}
