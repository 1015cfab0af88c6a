#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "catch.h"
#include "hold/frozen_group.h"
#include "hold/stop_list.h"
#include "machine_dir.h"
#include "scratch.h"

using namespace fitrun;

TEST_CASE("which groups may have a frozen one below them", "[hold]") {
  CHECK(may_have_frozen("domain\n", "\n"));
  CHECK(may_have_frozen("", ""));  // the root
  CHECK_FALSE(may_have_frozen("threaded\n", "\n"));
  CHECK_FALSE(may_have_frozen("domain threaded\n", "\n"));
  CHECK_FALSE(may_have_frozen("domain invalid\n", "\n"));
  CHECK_FALSE(may_have_frozen("domain\n", "memory\n"));
}

TEST_CASE("the processes of a control group", "[os]") {
  CHECK(parse_cgroup_procs("").empty());
  CHECK(parse_cgroup_procs("12\n0\n3") == std::vector<pid_t>{12, 0, 3});
  CHECK(parse_cgroup_procs("-1\n\n4x\n99999999999\n 5\n") ==
        std::vector<pid_t>{5});
}

TEST_CASE("where a frozen group would be made", "[hold]") {
  MachineDir machine;
  const auto code = [&machine] {
    const auto made = FrozenGroup::make(Host(machine.root()), 9);
    REQUIRE_FALSE(made);
    CHECK(Host(machine.root()).subdirectories("/sys/fs/cgroup/job").empty());
    return made.error().code;
  };
  machine.file("/proc/9/cgroup", "4:memory:/a\n")
      .file("/proc/self/mountinfo",
            "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  CHECK(code() == ENOENT);  // not in version 2
  machine.file("/proc/9/cgroup", "4:memory:/a\n0::/job\n");
  CHECK(code() == ENOENT);  // that group cannot be seen
  machine.file("/sys/fs/cgroup/job/cgroup.subtree_control", "memory\n");
  CHECK(code() == EINVAL);
  machine.file("/sys/fs/cgroup/job/cgroup.subtree_control", "\n")
      .file("/sys/fs/cgroup/job/cgroup.type", "threaded\n");
  CHECK(code() == EINVAL);
  // A folder in which the kernel puts no files is removed again.
  machine.file("/sys/fs/cgroup/job/cgroup.type", "domain\n");
  CHECK(code() == ENOENT);
}

TEST_CASE("what is no frozen group is left alone", "[hold]") {
  const Scratch scratch;
  // Of that name, in another file system.
  const std::string folder = scratch / (std::string(kFrozenPrefix) + "1-0");
  REQUIRE(::mkdir(folder.c_str(), 0755) == 0);
  release_frozen(folder);
  release_frozen("");
  CHECK(::access(folder.c_str(), F_OK) == 0);
}

TEST_CASE("a list of held jobs names their group", "[hold]") {
  const Scratch scratch;
  const auto file = [&scratch] {
    return Fd(
        ::open((scratch / "held").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  };
  StopList list = StopList::make(file(), "boot").value();
  CHECK(list.group().empty());
  const std::string longest(kLongestGroup, 'x');
  CHECK_FALSE(list.set_group(longest + "x"));
  CHECK(list.set_group(longest));
  CHECK(StopList::look_into(file(), "boot").value().group() == longest);
}
