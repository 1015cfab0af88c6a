// What the machine as a whole can give, at the edges of the rules.

#include "catch.h"
#include "machine_dir.h"
#include "probe/host_memory.h"
#include "probe/ram.h"

using namespace fitrun;

namespace {

// Of a machine with this /proc/meminfo, in KiB, and nothing else.
PoolReading with(const std::string& total, const std::string& free,
                 const std::string& available) {
  MachineDir machine;
  machine.file("/proc/meminfo", "MemTotal: " + total + " kB\nMemFree: " + free +
                                    " kB\nMemAvailable: " + available +
                                    " kB\n");
  return probe::ram(Host(machine.root()),
                    Environment(std::map<std::string, std::string>{}));
}

bool says_more_than_total(const PoolReading& reading) {
  for (const std::string& text : reading.diagnostics)
    if (text.find("more than MemTotal") != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("all memory can be free, and no more than all", "[probe]") {
  const PoolReading all = with("1000", "900", "1000");
  CHECK(all.constraints.at(0).available == 1000U * 1024);
  CHECK_FALSE(says_more_than_total(all));

  const PoolReading more = with("1000", "900", "1001");
  CHECK(more.constraints.at(0).available == 900U * 1024);
  CHECK(says_more_than_total(more));

  const PoolReading absurd = with("1000", "1001", "1001");
  CHECK_FALSE(absurd.constraints.at(0).available);
  CHECK(absurd.constraints.at(0).reason == "more than MemTotal");

  CHECK_FALSE(
      with("1000", "0", "0").constraints.at(0).name.ends_with("(estimated)"));
}

TEST_CASE("a limit on promises says nothing where the promises are unknown",
          "[probe]") {
  MachineDir machine;
  machine.file("/proc/meminfo", "MemAvailable: 1000 kB\nCommitLimit: 500 kB\n")
      .file("/proc/sys/vm/overcommit_memory", "2\n");
  const PoolReading reading = probe::ram(
      Host(machine.root()), Environment(std::map<std::string, std::string>{}));
  REQUIRE(reading.constraints.size() == 2);
  CHECK(reading.constraints[1].name == "host.commit_limit");
  CHECK_FALSE(reading.constraints[1].available);
  CHECK(reading.constraints[1].reason ==
        "CommitLimit and Committed_AS are not both there");
}
