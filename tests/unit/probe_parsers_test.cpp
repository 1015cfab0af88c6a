// The parsers of the probe, text in and numbers out. What whole machines show
// is in probe_hosts_test.cpp.

#include <sys/resource.h>

#include <cmath>
#include <limits>

#include "base/saturate.h"
#include "catch.h"
#include "os/host.h"
#include "os/kernel_text.h"
#include "probe/cgroup.h"
#include "probe/cgroup_memory.h"
#include "probe/cpus.h"
#include "probe/limits.h"
#include "probe/meminfo.h"
#include "probe/mountinfo.h"
#include "probe/numa.h"
#include "probe/pressure.h"
#include "probe/slurm.h"
#include "probe/status.h"
#include "probe/zfs.h"
#include "probe/zoneinfo.h"

using namespace fitrun;

namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMiB = 1U << 20;

}  // namespace

TEST_CASE("counters end at their limits instead of wrapping", "[probe]") {
  CHECK(add(kMost, 1) == kMost);
  CHECK(add(2, 3) == 5);
  CHECK(subtract(2, 3) == 0);
  CHECK(subtract(3, 2) == 1);
  CHECK(multiply(kMost / 2, 3) == kMost);
  CHECK(multiply(3, 0) == 0);
  CHECK(multiply(3, 4) == 12);
}

TEST_CASE("meminfo is read by whole keys and in KiB", "[probe]") {
  const Meminfo info = parse_meminfo(
      "MemTotal:       2 kB\nMemFree: 1 kB\nSwapTotal: 9 kB\n"
      "Active(file):   3 kB\nInactive(file): 4 kB\nSReclaimable: 5 kB\n"
      "CommitLimit:    6 kB\nCommitted_AS: 7 kB\nMemAvailableX: 8 kB\n");
  CHECK(info.total == 2048);
  CHECK(info.free == 1024);
  CHECK_FALSE(info.available);
  CHECK(info.active_file == 3072);
  CHECK(info.inactive_file == 4096);
  CHECK(info.reclaimable == 5120);
  CHECK(info.commit_limit == 6144);
  CHECK(info.committed == 7168);
  const Meminfo node = parse_meminfo(
      "Node 12 MemTotal:       2 kB\nNode 12 KReclaimable: 5 kB\n"
      "Node 12 SReclaimable: 4 kB\nNode \nNode 1\n");
  CHECK(node.total == 2048);
  CHECK(node.reclaimable == 5120);
}

TEST_CASE("what is not a number of KiB stays unknown", "[probe]") {
  CHECK(parse_kib("  18014398509481983 kB") == kMost - 1023);
  for (const char* text : {"", "kB", " kB", "1", "1 KB", "-1 kB", "1.5 kB",
                           "18014398509481984 kB", "99999999999999999999 kB"}) {
    INFO(text);
    CHECK_FALSE(parse_kib(text));
  }
}

TEST_CASE("the kernel's estimate never goes below nothing", "[probe]") {
  // 100 - 10 + (40 - min(20, 5)) + (4 - min(2, 5)) = 127
  CHECK(mem_available({100, 40, 4, 5, 10}) == 127);
  CHECK(mem_available({5, 0, 0, 5, 10}) == 0);
  CHECK(mem_available({kMost, kMost, kMost, 0, 0}) == kMost);
}

TEST_CASE("zoneinfo is summed per node", "[probe]") {
  const auto nodes = parse_zoneinfo(
      "Node 1, zone   Normal\n  pages free     7\n        low      2\n"
      "        high     3\n        managed  100\n"
      "        protection: (0, 9, 4)\n              high:  378\n"
      "Node 0, zone      DMA\n  pages free     1\n"
      "Node 1, zone  Movable\n  pages free     5\n        low      1\n"
      "        high     30\n        managed  20\n      nr_slab_reclaimable "
      "6\n");
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].node == 1);
  CHECK(nodes[0].totals.free == 12);
  CHECK(nodes[0].totals.low == 3);
  CHECK(nodes[0].totals.reserve == 12 + 20);  // min(100, 3 + 9) + min(20, 30)
  CHECK(nodes[0].totals.slab == 6);
  CHECK(nodes[1].totals.free == 1);
  CHECK(parse_zoneinfo("pages free 5\nNode x, zone\nNode 1024, zone A\n"
                       "  pages free 3\n")
            .empty());
}

TEST_CASE("mountinfo shows cgroup mounts and lxcfs only", "[probe]") {
  const auto mounts = parse_mountinfo(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "30 23 0:26 / /sys/fs/cgroup rw shared:4 master:2 - cgroup2 cgroup2 rw\n"
      "33 31 0:32 /a\\040b /c\\134d rw - cgroup  rw,cpu,cpuacct\n"  // no device
      "50 22 0:60 /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw\n"
      "51 22 0:60 / relative rw - cgroup2 x rw\n"
      "52 22 0:60 / /no/type rw shared:4\n"
      "53 22 0:60 /\n\n"
      "54 22 0:60 / /last rw - cgroup2");
  REQUIRE(mounts.size() == 4);
  CHECK(mounts[0].type == "cgroup2");
  CHECK(mounts[1].root == "/a b");
  CHECK(mounts[1].point == "/c\\d");
  CHECK(mounts[1].has_option("cpu"));
  CHECK(mounts[1].has_option("cpuacct"));
  CHECK_FALSE(mounts[1].has_option("acct"));
  CHECK_FALSE(mounts[1].has_option("cpu,cpuacct"));
  CHECK(mounts[2].type == "fuse.lxcfs");
  CHECK(mounts[3].point == "/last");
}

TEST_CASE("a mount hides what was mounted there before", "[probe]") {
  const auto mounts = parse_mountinfo(
      "30 23 0:26 /a /m rw - cgroup2 x rw\n"
      "31 23 0:26 /b /n rw - cgroup2 x rw\n"
      "32 30 0:27 /c /m rw - cgroup x rw,memory\n");
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].root == "/b");
  CHECK(mounts[1].root == "/c");
}

TEST_CASE("octal escapes are undone, others are left", "[probe]") {
  CHECK(unescape_octal("a\\011b\\012c\\040d\\134e\\043") == "a\tb\nc d\\e#");
  CHECK(unescape_octal("\\04") == "\\04");
  CHECK(unescape_octal("\\099\\x") == "\\099\\x");
  CHECK(unescape_octal("\\") == "\\");
}

TEST_CASE("a cgroup line is cut at its first two colons", "[probe]") {
  const auto lines = parse_proc_cgroup(
      "12:cpu,cpuacct:/a:b:c\n0::/\n1:name=systemd:/x y\nnothing\n3:memory\n"
      "4:memory:relative\n:\n::\n");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].controllers == "cpu,cpuacct");
  CHECK(lines[0].path == "/a:b:c");
  CHECK(lines[0].version == CgroupVersion::v1);
  CHECK(lines[1].version == CgroupVersion::v2);
  CHECK(lines[2].path == "/x y");
}

TEST_CASE("version 2 is the hierarchy 0 without controllers", "[probe]") {
  const auto lines = parse_proc_cgroup("0::/a\n3::/b\n0:memory:/c\n");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].version == CgroupVersion::v2);
  CHECK(lines[1].version == CgroupVersion::v1);
  CHECK(lines[2].version == CgroupVersion::v1);
}

TEST_CASE("a controller belongs to version 1 if any line lists it", "[probe]") {
  const auto lines =
      parse_proc_cgroup("0::/u\n3:name=memory:/n\n2:cpu,memory:/m\n");
  CHECK(owner_of(lines, "memory").version == CgroupVersion::v1);
  CHECK(owner_of(lines, "memory").path == "/m");
  CHECK(owner_of(lines, "pids").version == CgroupVersion::v2);
  CHECK(owner_of(lines, "pids").path == "/u");
  CHECK(owner_of(lines, "").path == "/u");
  CHECK(owner_of(parse_proc_cgroup("2:cpu:/m\n"), "memory").version ==
        CgroupVersion::none);
}

TEST_CASE("a route leads from the mount to our cgroup", "[probe]") {
  struct Row {
    const char *root, *path;
    bool found;
    std::size_t depth;
    std::vector<std::string_view> tail;
  };
  const Row row = GENERATE(values<Row>({
      {"/", "/a/b", true, 0, {"a", "b"}},
      {"/a", "/a/b", true, 0, {"b"}},
      {"/a/b", "/a/b", true, 0, {}},
      {"/a", "/ab", false, 0, {}},
      {"/a/b/c", "/a/b", false, 0, {}},
      {"/..", "/../sib", true, 0, {"sib"}},
      {"/", "/../sib", false, 0, {}},
      {"/..", "/../../sib", false, 0, {}},
      {"/../..", "/", true, 2, {}},
      {"/../..", "/x", true, 2, {"x"}},
      {"/../..", "/../sib/y", true, 1, {"sib", "y"}},
      {"/../sib", "/x", false, 0, {}},
      {"/../..", "/x/../y", false, 0, {}},
      {"/", "/x/../y", false, 0, {}},
  }));
  CAPTURE(row.root, row.path);
  const std::vector<Mount> mounts = {{row.root, "/m", "cgroup2", "rw"}};
  const CgroupOwner owner = {CgroupVersion::v2, "", row.path};
  const auto found = routes(mounts, owner, owner.path);
  REQUIRE(found.size() == (row.found ? 1 : 0));
  if (!row.found) return;
  CHECK(found[0].depth == row.depth);
  CHECK(found[0].tail == row.tail);
}

TEST_CASE("a limit is a number, none, or unusable", "[probe]") {
  CHECK(parse_cgroup_limit("4096\n").bytes == 4096);
  CHECK(parse_cgroup_limit("0").bytes == 0);
  CHECK(parse_cgroup_limit("9223372032559808511").bytes ==
        0x7FFF'FFFE'FFFF'FFFF);
  for (const char* none :
       {"max", "max\n", "9223372032559808512", "9223372036854771712",
        "9223372036854775807", "18446744073709551615"}) {
    INFO(none);
    CHECK(parse_cgroup_limit(none).usable);
    CHECK_FALSE(parse_cgroup_limit(none).bytes);
  }
  for (const char* wrong :
       {"", "\n", "12x", "-1", "max5", "1 2", "18446744073709551616", "1e9"}) {
    INFO(wrong);
    CHECK_FALSE(parse_cgroup_limit(wrong).usable);
    CHECK_FALSE(parse_cgroup_limit(wrong).reason.empty());
  }
}

TEST_CASE("memory.stat is read by whole keys", "[probe]") {
  const MemoryStat stat = parse_memory_stat(
      "file 1\nfile_mapped 2\ninactive_file 3\nactive_file 4\n"
      "workingset_activate_file 5\nslab_reclaimable 6\ntotal_active_file 7\n"
      "total_inactive_file 8\nhierarchical_memory_limit 9\n"
      "hierarchical_memsw_limit 10\nslab 11\ninactive_anon x\nactive_file\n");
  CHECK(stat.inactive_file == 3);
  CHECK(stat.active_file == 4);
  CHECK(stat.slab_reclaimable == 6);
  CHECK(stat.total_active_file == 7);
  CHECK(stat.total_inactive_file == 8);
  CHECK(stat.hierarchical_memory_limit == 9);
  CHECK_FALSE(parse_memory_stat("active_file -4\n").active_file);
}

TEST_CASE("of what is reclaimable a little is kept", "[probe]") {
  MemoryStat stat;
  stat.inactive_file = 100 * kMiB;
  stat.active_file = 28 * kMiB;
  stat.slab_reclaimable = 2 * kMiB;
  stat.total_inactive_file = 10 * kMiB;
  stat.total_active_file = 30 * kMiB;
  // v2, limit 1 GiB: 128 - 16 of cache, and half of the slab.
  CHECK(reclaimable_at(1024 * kMiB, 500 * kMiB, stat, CgroupVersion::v2) ==
        113 * kMiB);
  // v1 knows the totals only: 40 - 16.
  CHECK(reclaimable_at(1024 * kMiB, 500 * kMiB, stat, CgroupVersion::v1) ==
        24 * kMiB);
  CHECK(reclaimable_at(1024 * kMiB, 5 * kMiB, stat, CgroupVersion::v2) ==
        5 * kMiB);
  CHECK(reclaimable_at(0, 0, stat, CgroupVersion::v2) == 0);
  stat.inactive_file = kMost;
  CHECK(reclaimable_at(kMost, kMost, stat, CgroupVersion::v2) ==
        kMost - kMost / 64 + kMiB);
}

TEST_CASE("limits are found by name, whatever their columns", "[probe]") {
  const Limits limits = parse_limits(
      "Limit   Soft Limit  Hard Limit  Units\n"
      "Max data size   5  6  bytes\nMax address space\tunlimited x\n"
      "Max address space         7 unlimited bytes\n"
      "Max processes             8                    9         processes\n"
      "Max data sizes 1 1 bytes\nMax processes\n");
  CHECK(limits.data == 5);
  CHECK(limits.address_space == 7);
  CHECK(limits.processes == 8);
  CHECK(smallest_cap(limits)->name == "rlimit.data");
  CHECK_FALSE(smallest_cap(Limits()));
  CHECK(smallest_cap({0, std::nullopt, std::nullopt})->bytes == 0);
}

TEST_CASE("status says who and where we are", "[probe]") {
  const Status status = parse_status(
      "Name:\tPid:\t7\nPid:\t4242\nPPid:\t1\nUid:\t1000\t0\t0\t0\n"
      "CapEff:\t0000000001200000\nVmSize:\t   12 kB\n"
      "Cpus_allowed_list:\t0-3,8\nMems_allowed_list:\t0\nCpus_allowed:\tff\n");
  CHECK(status.pid == 4242);
  CHECK(status.uid == 1000);
  CHECK(status.has_capability(kCapSysAdmin));
  CHECK(status.has_capability(kCapSysResource));
  CHECK_FALSE(status.has_capability(22));
  CHECK(status.virtual_bytes == 12288);
  CHECK(status.cpus_allowed == "0-3,8");
  CHECK(status.mems_allowed == "0");
  CHECK_FALSE(parse_status("CapEff:\tx\nPid\nUid:\n").capabilities);
}

TEST_CASE("nodes are listed as the kernel lists them", "[probe]") {
  CHECK(list_of(*parse_node_list("0-1,4\n")) == "0-1,4");
  CHECK(list_of(*parse_node_list("1023")) == "1023");
  CHECK(parse_node_list("")->none());
  CHECK(parse_node_list("5000-18446744073709551615")->none());
  for (const char* wrong : {"x", "1-", "3-1", ",", "0,,1"})
    CHECK_FALSE(parse_node_list(wrong));
  CHECK(list_of(*parse_bind_policy("00400000 bind:0-1 anon=1\n")) == "0-1");
  CHECK(list_of(*parse_bind_policy("0 bind=relative|balancing:3")) == "3");
  for (const char* other : {"", "00400000 default file=x", "0 prefer:1",
                            "0 bind", "0 rebind:1", "0 bind:x"})
    CHECK_FALSE(parse_bind_policy(other));
}

TEST_CASE("CPU lists are counted and intersected", "[probe]") {
  CHECK(count_cpu_list("0-3,8,10-11\n") == 7);
  CHECK_FALSE(count_cpu_list(""));
  CHECK_FALSE(count_cpu_list("0-99999999"));
  CHECK_FALSE(count_cpu_list("3-1"));
  CHECK(count_common_cpus("0-127", "0-3") == 4);
  CHECK(count_common_cpus("0,4", "0-3") == 1);
  CHECK(count_common_cpus("8-11", "0-3") == 0);
  std::string many = "0";
  for (int i = 0; i < 20000; ++i) many += ",0";
  CHECK_FALSE(count_cpu_list(many));
}

TEST_CASE("a quota is rounded to the nearest CPU", "[probe]") {
  CHECK(parse_cpu_max("250000 100000\n") == 3);  // 2.5
  CHECK(parse_cpu_max("249999 100000") == 2);
  CHECK(parse_cpu_max("1000 1000000") == 1);
  CHECK(parse_cpu_max("0 100000") == 1);
  CHECK(cpus_of_quota(kMost, 1) == kMost);
  CHECK(cpus_of_quota(kMost, kMost) == 1);
  for (const char* none : {"max 100000", "max", "", "100000", "1 0", "1 2 3",
                           "-1 100000", "1.5 1"})
    CHECK_FALSE(parse_cpu_max(none));
}

// parse_omp_threads() of gnulib's lib/nproc.c, case by case.
TEST_CASE("OpenMP's variables are read as nproc reads them", "[probe]") {
  CHECK(parse_omp_threads("4") == 4);
  CHECK(parse_omp_threads(" \t\n\v\f\r4 \t") == 4);
  CHECK(parse_omp_threads("4,2,1") == 4);
  CHECK(parse_omp_threads("4 ,x") == 4);
  CHECK(parse_omp_threads("007") == 7);
  CHECK(parse_omp_threads("99999999999999999999") == kMost);
  for (const char* ignored :
       {"", " ", "0", "00", "-4", "+4", "4x", "x4", "4 2", "0,4", ",4", "1.5"})
    CHECK_FALSE(parse_omp_threads(ignored));
}

TEST_CASE("a real-time policy is the 41st field of stat", "[probe]") {
  const std::string start = "1 (x) y) R";
  const auto stat = [&](const std::string& policy) {
    std::string text = start;
    for (int field = 4; field <= 40; ++field) text += " 1";
    return text + " " + policy + " 1 1 1\n";
  };
  CHECK(is_real_time(stat("1")));
  CHECK(is_real_time(stat("2")));
  CHECK(is_real_time(stat("6")));
  CHECK_FALSE(is_real_time(stat("0")));
  CHECK_FALSE(is_real_time(stat("5")));
  CHECK_FALSE(is_real_time(stat("x")));
  CHECK_FALSE(is_real_time(start));
  CHECK_FALSE(is_real_time(""));
}

TEST_CASE("Slurm's numbers are MiB unless they say otherwise", "[probe]") {
  CHECK(slurm_memory("4096") == 4096 * kMiB);
  CHECK(slurm_memory(" 2G ") == 2048 * kMiB);
  CHECK(slurm_memory("1024k") == kMiB);
  CHECK(slurm_memory("1T") == kMiB * kMiB);
  CHECK(slurm_memory("18446744073709551615") == kMost);
  for (const char* wrong : {"", "G", "-1", "4MB", "x", "1.5G"})
    CHECK_FALSE(slurm_memory(wrong));
  CHECK(slurm_cpus_of("72(x2),36", 0) == 72);
  CHECK(slurm_cpus_of("72(x2),36", 1) == 72);
  CHECK(slurm_cpus_of("72(x2),36", 2) == 36);
  for (const char* wrong : {"", "x", "4(x2", "4(xy)", "4(x)", "(x2)", "4,"})
    CHECK_FALSE(slurm_cpus_of(wrong, 1));
}

TEST_CASE("the ARC gives what is evictable above its minimum", "[probe]") {
  CHECK(evictable_arc("size 4 100\nc_min 4 30\nmru_evictable_data 4 50\n"
                      "mfu_evictable_metadata 4 5\n"
                      "mru_ghost_evictable_data 4 1000\n") == 55);
  CHECK(evictable_arc("size 4 100\nc_min 4 70\nmru_evictable_data 4 50\n") ==
        30);
  CHECK(evictable_arc("size 4 100\nmru_evictable_data 4 50\n") == 0);
  CHECK(evictable_arc("size 4 10\nc_min 4 70\nmru_evictable_data 4 50\n") == 0);
  CHECK(evictable_arc("") == 0);
}

TEST_CASE("pressure is a percentage of the line `full`", "[probe]") {
  CHECK(parse_full_avg10("some avg10=9.00 avg60=1\nfull avg10=12.50 avg60=2") ==
        12.5);
  CHECK(parse_full_avg10("full avg10=0.00\n") == 0);
  for (const char* wrong :
       {"", "some avg10=1.00\n", "full avg10=\n", "full avg10=nan x\n",
        "full avg10=-1.00 \n", "full avg10=101 \n", "full avg10=1e1 \n"})
    CHECK_FALSE(parse_full_avg10(wrong));
}

TEST_CASE("system calls say what the files of /proc say", "[probe]") {
  const Host host;
  const Status status = parse_status(host.read("/proc/self/status").value());
  const Rights rights = own_rights();
  CHECK(rights.uid == status.uid);
  CHECK(rights.capabilities == status.capabilities);
  struct rlimit old {};
  REQUIRE(::getrlimit(RLIMIT_DATA, &old) == 0);
  struct rlimit less = old;
  less.rlim_cur = 7'000'000'000'000;
  REQUIRE(::setrlimit(RLIMIT_DATA, &less) == 0);
  const Limits file = parse_limits(host.read("/proc/self/limits").value());
  const Limits limits = own_limits();
  ::setrlimit(RLIMIT_DATA, &old);
  CHECK(limits.data == 7'000'000'000'000U);
  CHECK(limits.data == file.data);
  CHECK(limits.address_space == file.address_space);
  CHECK(limits.processes == file.processes);
}
