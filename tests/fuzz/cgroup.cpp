// /proc/self/cgroup, and the routes through the mounts that a second part of
// the input, after an empty line, describes.

#include "probe/cgroup.h"

#include "fuzz.h"
#include "probe/cgroup_memory.h"

using namespace fitrun;

namespace {

void check_routes(const std::vector<Mount>& mounts, const CgroupOwner& owner) {
  for (const CgroupRoute& route : routes(mounts, owner, owner.path)) {
    FITRUN_REQUIRE(route.mount != nullptr);
    FITRUN_REQUIRE(route.mount->type != "fuse.lxcfs");
    for (const std::string_view name : route.tail) {
      FITRUN_REQUIRE(!name.empty());
      FITRUN_REQUIRE(name != "..");
      FITRUN_REQUIRE(name.find('/') == std::string_view::npos);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const std::size_t gap = text.find("\n\n");
  std::string_view mountinfo;
  if (gap != std::string_view::npos) {
    mountinfo = text.substr(gap + 2);
    text = text.substr(0, gap);
  }
  const auto lines = parse_proc_cgroup(text);
  for (const CgroupLine& line : lines) {
    FITRUN_REQUIRE(line.path.starts_with('/'));
    FITRUN_REQUIRE(line.version != CgroupVersion::none);
  }
  const auto mounts = parse_mountinfo(mountinfo);
  for (const char* controller : {"memory", "cpu", "pids", ""})
    check_routes(mounts, owner_of(lines, controller));
  const CgroupLimit limit = parse_cgroup_limit(text);
  FITRUN_REQUIRE(limit.usable || !limit.bytes);
  FITRUN_REQUIRE(limit.bytes || !limit.reason.empty());
  return 0;
}
