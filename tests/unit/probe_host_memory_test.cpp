// What the machine as a whole can give, at the edges of the rules.

#include <sys/sysinfo.h>

#include "catch.h"
#include "machine_dir.h"
#include "probe/host_memory.h"
#include "probe/ram.h"
#include "probe/sysinfo.h"

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

TEST_CASE("no answer is above what the machine has", "[probe]") {
  // MemAvailable and MemFree are absurd, so only limits speak.
  const auto limited = [](const std::string& limit) {
    MachineDir machine;
    machine
        .file("/proc/meminfo",
              "MemTotal: 1000 kB\nMemFree: 1001 kB\nMemAvailable: 1001 kB\n")
        .file("/proc/self/cgroup", "0::/job\n")
        .file("/proc/self/mountinfo",
              "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        .file("/sys/fs/cgroup/job/memory.max", limit + "\n")
        .file("/sys/fs/cgroup/job/memory.current", "0\n");
    return probe::ram(Host(machine.root()),
                      Environment(std::map<std::string, std::string>{}));
  };
  const PoolReading above = limited("1024001");
  REQUIRE(binding(above));
  CHECK(binding(above)->name == "host.mem_total");
  CHECK(binding(above)->available == 1'024'000U);
  CHECK_FALSE(binding(above)->exact);
  const PoolReading below = limited("1024000");
  REQUIRE(binding(below));
  CHECK(binding(below)->name == "cgroup2.memory.max");
  for (const Constraint& c : above.constraints) CHECK(c.name != "host.sysinfo");
}

TEST_CASE("swap is what the machine has of it", "[probe]") {
  MachineDir machine;
  machine.file("/proc/meminfo",
               "MemAvailable: 1000 kB\nSwapTotal: 7 kB\nSwapFree: 0 kB\n");
  CHECK(probe::ram(Host(machine.root()),
                   Environment(std::map<std::string, std::string>{}))
            .swap == 7U * 1024);
  CHECK(with("1000", "900", "1000").swap == 0);
}

TEST_CASE("the kernel counts memory in units", "[probe]") {
  struct sysinfo told {};
  told.totalram = 1000;
  told.freeram = 300;
  told.bufferram = 50;
  told.sharedram = 70;
  told.totalswap = 20;
  told.mem_unit = 4096;
  const SystemMemory memory = system_memory(told);
  CHECK(memory.total == 4'096'000);
  CHECK(memory.free == 1'433'600);  // 350 * 4096
  CHECK(memory.swap == 81'920);
  told.mem_unit = 0;  // Linux 2.3.22 and before
  CHECK(system_memory(told).total == 1000);
  told.freeram = ~0UL;
  told.mem_unit = 1;
  CHECK(system_memory(told).free == 1000);
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
