// The walk through the cgroups of a machine: what is read of it, and which
// constraints come of it. Which one binds is in the machines of
// tests/fixtures/hosts.

#include <algorithm>

#include "catch.h"
#include "machine_dir.h"
#include "probe/cgroup.h"
#include "probe/cpus.h"
#include "probe/ram.h"
#include "probe/self.h"

using namespace fitrun;

namespace {

// A machine of version 1 on which this is our cgroup for memory.
MachineDir& in_memory_cgroup(MachineDir& machine, const std::string& path) {
  return machine.file("/proc/self/cgroup", "4:memory:" + path + "\n")
      .file("/proc/self/mountinfo",
            "33 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup "
            "rw,memory\n");
}

std::size_t count_of(const PoolReading& reading, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(reading.constraints.begin(), reading.constraints.end(),
                    [&](const Constraint& c) { return c.name == name; }));
}

// At the top of a version 1 hierarchy, with limits of 2 GiB, and of 4 GiB with
// swap.
PoolReading at_the_top(const std::string& hierarchical_limit) {
  MachineDir machine;
  const std::string folder = "/sys/fs/cgroup/memory/";
  in_memory_cgroup(machine, "/")
      .file(folder + "memory.limit_in_bytes", "2147483648\n")
      .file(folder + "memory.usage_in_bytes", "1048576\n")
      .file(folder + "memory.memsw.limit_in_bytes", "4294967296\n")
      .file(folder + "memory.memsw.usage_in_bytes", "1048576\n")
      .file(folder + "memory.stat",
            "hierarchical_memory_limit " + hierarchical_limit + "\n");
  return probe::ram(Host(machine.root()),
                    Environment(std::map<std::string, std::string>{}));
}

}  // namespace

TEST_CASE("an ancestor is hidden only where it limits more than we know",
          "[probe]") {
  CHECK(count_of(at_the_top("2147483647"), "cgroup1.hidden_ancestor") == 1);
  CHECK(count_of(at_the_top("2147483648"), "cgroup1.hidden_ancestor") == 0);
  CHECK(count_of(at_the_top("9223372036854771712"),
                 "cgroup1.hidden_ancestor") == 0);
}

TEST_CASE("a parent counts its children unless it says otherwise", "[probe]") {
  const auto parents = [](const std::string& use_hierarchy) {
    MachineDir machine;
    const std::string folder = "/sys/fs/cgroup/memory/";
    in_memory_cgroup(machine, "/c")
        .file(folder + "c/memory.limit_in_bytes", "2147483648\n")
        .file(folder + "memory.limit_in_bytes", "1073741824\n");
    if (!use_hierarchy.empty())
      machine.file(folder + "memory.use_hierarchy", use_hierarchy);
    const Environment environment(std::map<std::string, std::string>{});
    return count_of(probe::ram(Host(machine.root()), environment),
                    "cgroup1.memory.limit");
  };
  CHECK(parents("1\n") == 2);
  CHECK(parents("0\n") == 1);
  CHECK(parents("") == 2);
}

TEST_CASE("one cgroup that counts its children speaks for all below it",
          "[probe]") {
  const auto ask = [](const std::string& top, const std::string& middle,
                      HostRecord& record) {
    MachineDir machine;
    const std::string folder = "/sys/fs/cgroup/memory/";
    in_memory_cgroup(machine, "/b/c")
        .file(folder + "b/c/memory.limit_in_bytes", "2147483648\n")
        .file(folder + "b/memory.limit_in_bytes", "1073741824\n")
        .file(folder + "b/memory.use_hierarchy", middle)
        .file(folder + "memory.limit_in_bytes", "1073741824\n");
    if (!top.empty()) machine.file(folder + "memory.use_hierarchy", top);
    Host host(machine.root());
    host.record_in(record);
    const Environment environment(std::map<std::string, std::string>{});
    return count_of(probe::ram(host, environment), "cgroup1.memory.limit");
  };
  HostRecord all, some;
  CHECK(ask("1\n", "1\n", all) == 3);
  CHECK(std::count_if(all.files.begin(), all.files.end(), [](const auto& file) {
          return file.path.ends_with("/memory.use_hierarchy");
        }) == 1);
  // The top does not say: the one between is asked.
  CHECK(ask("", "0\n", some) == 1);
}

TEST_CASE("where nothing limits, one file says so for all levels", "[probe]") {
  const std::string kNone = " 9223372036854771712\n";
  const auto ask = [](const std::string& stat, HostRecord& record) {
    MachineDir machine;
    const std::string folder = "/sys/fs/cgroup/memory/";
    in_memory_cgroup(machine, "/c")
        .file(folder + "c/memory.stat", stat)
        .file(folder + "c/memory.limit_in_bytes", "1073741824\n");
    Host host(machine.root());
    host.record_in(record);
    const Environment environment(std::map<std::string, std::string>{});
    return probe::ram(host, environment);
  };
  const auto asked_for_limits = [](const HostRecord& record) {
    return std::any_of(record.files.begin(), record.files.end(),
                       [](const auto& file) {
                         return file.path.ends_with("/memory.limit_in_bytes");
                       });
  };
  HostRecord both, no_swap, swap_alone, neither;
  const PoolReading all = ask(
      "hierarchical_memory_limit" + kNone + "hierarchical_memsw_limit" + kNone,
      both);
  CHECK_FALSE(asked_for_limits(both));
  CHECK(count_of(all, "cgroup1.memory.limit") == 2);
  CHECK(count_of(all, "cgroup1.memsw.limit") == 2);
  CHECK(all.constraints.back().reason == "unlimited");
  CHECK(count_of(ask("hierarchical_memory_limit" + kNone, no_swap),
                 "cgroup1.memsw.limit") == 0);
  CHECK_FALSE(asked_for_limits(no_swap));
  ask("hierarchical_memory_limit" + kNone +
          "hierarchical_memsw_limit 1073741824\n",
      swap_alone);
  CHECK(asked_for_limits(swap_alone));
  ask("cache 0\n", neither);
  CHECK(asked_for_limits(neither));
}

TEST_CASE("of two mounts alike one is searched", "[probe]") {
  MachineDir machine;
  machine.file("/proc/self/status", "Pid:\t4242\n")
      .file("/proc/self/cgroup", "0::/\n")
      .file("/proc/self/mountinfo",
            "30 23 0:26 /.. /first rw - cgroup2 cgroup2 rw\n"
            "31 23 0:26 /.. /second rw - cgroup2 cgroup2 rw\n")
      .file("/first/ours/cgroup.procs", "4242\n")
      .file("/second/ours/cgroup.procs", "4242\n");
  Host host(machine.root());
  HostRecord record;
  host.record_in(record);
  const Environment environment(std::map<std::string, std::string>{});
  probe::Self self(host, environment);
  const CgroupChain& chain = self.chain("memory");
  CHECK(chain.gap == "");
  REQUIRE(chain.levels.size() == 2);
  CHECK(chain.levels[0].folder == "/first/ours");
  for (const HostRecord::File& file : record.files)
    CHECK(file.path != "/second/ours/cgroup.procs");
}

TEST_CASE("memory.oom.group matters where a limit of a cgroup binds",
          "[probe]") {
  const auto is_told = [](const std::string& limit) {
    MachineDir machine;
    machine
        .file("/proc/meminfo",
              "MemTotal: 4194304 kB\nMemAvailable: 1048576 kB\n")
        .file("/proc/self/cgroup", "0::/\n")
        .file("/proc/self/mountinfo",
              "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        .file("/sys/fs/cgroup/memory.max", limit)
        .file("/sys/fs/cgroup/memory.current", "0\n")
        .file("/sys/fs/cgroup/memory.oom.group", "1\n");
    const Environment environment(std::map<std::string, std::string>{});
    const PoolReading reading = probe::ram(Host(machine.root()), environment);
    return std::any_of(reading.diagnostics.begin(), reading.diagnostics.end(),
                       [](const std::string& text) {
                         return text.starts_with("memory.oom.group");
                       });
  };
  CHECK(is_told("536870912\n"));
  CHECK_FALSE(is_told("2147483648\n"));
}

TEST_CASE("a controller is a whole word of the mount's options", "[probe]") {
  const Mount mount{"/", "/sys/fs/cgroup/x", "cgroup", "rw,cpuacct,memory"};
  CHECK(mount.has_option("memory"));
  CHECK(mount.has_option("cpuacct"));
  CHECK_FALSE(mount.has_option("cpu"));
}

TEST_CASE("the smallest quota counts, at whatever level", "[probe]") {
  const auto cpus = [](const std::string& leaf, const std::string& parent) {
    MachineDir machine;
    machine.file("/proc/self/status", "Cpus_allowed_list:\t0-7\n")
        .file("/proc/self/cgroup", "0::/p/c\n")
        .file("/proc/self/mountinfo",
              "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        .file("/sys/fs/cgroup/p/c/cpu.max", leaf)
        .file("/sys/fs/cgroup/p/cpu.max", parent);
    return probe::cpus(Host(machine.root()),
                       Environment(std::map<std::string, std::string>{}))
        .value;
  };
  CHECK(cpus("200000 100000\n", "400000 100000\n") == 2);
  CHECK(cpus("400000 100000\n", "200000 100000\n") == 2);
  CHECK(cpus("max 100000\n", "300000 100000\n") == 3);
}
