#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "catch.h"
#include "fake_proc.h"
#include "measure/job_cgroup.h"
#include "measure/measure.h"
#include "measure/oom_counter.h"
#include "measure/peak_meter.h"
#include "measure/process_tree.h"

using namespace fitrun;
using std::chrono::microseconds;

namespace {

const Environment kNoVariables{std::map<std::string, std::string>{}};

// A directory that is a machine.
class Machine {
 public:
  Machine() { REQUIRE(::mkdtemp(root_) != nullptr); }
  ~Machine() { std::filesystem::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  void process(int pid, const std::string& children, int start_time,
               const std::string& status = "",
               const std::string& rollup = "") const {
    const std::string folder = "/proc/" + std::to_string(pid);
    write(folder + "/task/" + std::to_string(pid) + "/children", children);
    write(folder + "/stat", stat_line(std::to_string(pid) + " (a) b)", 'S', 1,
                                      2, start_time, 0, "0"));
    if (!status.empty()) write(folder + "/status", status);
    if (!rollup.empty()) write(folder + "/smaps_rollup", rollup);
  }
  void remove(int pid) const {
    std::filesystem::remove_all(root_ + std::string("/proc/") +
                                std::to_string(pid));
  }
  Host host() const { return Host(root_); }

 private:
  char root_[32] = "/tmp/fitrun-test-XXXXXX";
};

}  // namespace

TEST_CASE("a tree is followed down, and strays stay in it", "[process_tree]") {
  const Machine machine;
  machine.process(10, "11 12 ", 100);
  machine.write("/proc/10/task/15/children", "13");  // of another thread
  machine.process(11, "", 101);
  machine.process(12, "14", 102);
  machine.process(13, "", 103);
  machine.process(14, "", 104);
  machine.process(99, "", 99);  // a stranger
  TreeWatch tree(machine.host());
  const auto sorted = [&] {
    std::vector<pid_t> pids = tree.refresh({10});
    std::sort(pids.begin(), pids.end());
    return pids;
  };
  CHECK(sorted() == std::vector<pid_t>{10, 11, 12, 13, 14});
  // 12 ends; 14 lives on, and forks.
  machine.process(10, "11", 100);
  machine.remove(12);
  machine.process(14, "16", 104);
  machine.process(16, "", 106);
  CHECK(sorted() == std::vector<pid_t>{10, 11, 13, 14, 16});
  // The number of 14 goes to a stranger.
  machine.process(14, "", 200);
  machine.remove(16);
  CHECK(sorted() == std::vector<pid_t>{10, 11, 13});
}

TEST_CASE("what was given back during a look is counted once",
          "[process_tree]") {
  using Looks = std::vector<CloseLook>;
  // A parent of 120 and its fork, which has 60 of its own; none gives back.
  CHECK(without_moved_shares(Looks{{120, 60, 0}, {180, 120, 0}}) == 180);
  // The parent is read first and lets go: the fork is charged for all of it.
  CHECK(without_moved_shares(Looks{{120, 60, 120}, {180, 180, 0}}) == 180);
  // Half of it.
  CHECK(without_moved_shares(Looks{{120, 60, 30}, {180, 150, 0}}) == 180);
  // A process that shared nothing leaves nothing to others.
  CHECK(without_moved_shares(Looks{{120, 120, 120}, {60, 60, 0}}) == 180);
  // Of three, one goes: its 20 of 60 are with the others now.
  CHECK(without_moved_shares(Looks{{60, 20, 60}, {60, 30, 0}, {60, 30, 0}}) ==
        60);
  // One that grew meanwhile.
  CHECK(without_moved_shares(Looks{{10, 30, 0}, {10, 0, 10}}) == 30);
}

TEST_CASE("shared pages count once", "[process_tree]") {
  // A parent of 100 MiB and a child that has changed 10 of them: resident 200,
  // proportional 45 + 10 + 45 + 10 = 110.
  const Machine machine;
  const std::string status =
      "RssAnon: 102400 kB\nRssFile: 3000 kB\nRssShmem: 0 kB\n";
  const std::string rollup =
      "Pss: 58320 kB\nPss_Anon: 56320 kB\nPss_Shmem: 0 kB\nSwapPss: 0 kB\n";
  machine.process(10, "11", 1, status, rollup);
  machine.process(11, "", 2, status, rollup);
  SampledPeak peak(machine.host());
  const auto start = std::chrono::steady_clock::now();
  peak.look({10}, start);
  CHECK(peak.peak() == 110 * kMiB);
  CHECK(peak.latest() == 110 * kMiB);
  CHECK(peak.largest_file_part() == 3000 * 1024);
  CHECK_FALSE(peak.partly_resident());

  // Less later: the peak stays. 50 MiB resident of 200, of which 55 % counted.
  machine.process(10, "", 1, "RssAnon: 51200 kB\n",
                  "Pss_Anon: 51200 kB\nPss_Shmem: 0 kB\n");
  machine.remove(11);
  peak.look({10}, start + std::chrono::milliseconds(1));
  CHECK(peak.peak() == 110 * kMiB);
  CHECK(peak.latest() < 50 * kMiB);

  // A close look that sees less: resident sizes grew, by sharing alone.
  machine.process(10, "", 1, "RssAnon: 153600 kB\n",
                  "Pss_Anon: 10240 kB\nPss_Shmem: 0 kB\n");
  peak.look({10}, start + std::chrono::milliseconds(2));
  CHECK(peak.latest() <= 110 * kMiB);
  CHECK(peak.peak() == 110 * kMiB);

  // A process that may not be looked into counts with its own resident size.
  machine.process(12, "", 3, "RssAnon: 204800 kB\nRssShmem: 1024 kB\n");
  machine.process(10, "12", 1, "RssAnon: 51200 kB\n",
                  "Pss_Anon: 51200 kB\nPss_Shmem: 0 kB\n");
  peak.look({10}, start + std::chrono::milliseconds(3));
  CHECK(peak.peak() == 250 * kMiB);
  CHECK(peak.partly_resident());
}

TEST_CASE("a close look is taken when it can pay", "[process_tree]") {
  // Below the peak: never, whatever the time.
  CHECK_FALSE(worth_a_close_look(
      {90, 100, 50, microseconds(0), microseconds(1'000'000)}));
  // Grown by more than a tenth: always.
  CHECK(worth_a_close_look(
      {120, 100, 100, microseconds(900'000), microseconds(1'000'000)}));
  // Grown by less: 200 ms and a fifth of the time.
  const auto little = [](int spent) {
    return worth_a_close_look({105'000, 100'000, 100'000, microseconds(spent),
                               microseconds(1'000'000)});
  };
  CHECK(little(400'000));
  CHECK_FALSE(little(400'001));
  // Not grown, but shared pages may turn private: 200 ms and a twentieth.
  const auto same = [](int spent) {
    return worth_a_close_look({100'000, 50'000, 100'000, microseconds(spent),
                               microseconds(1'000'000)});
  };
  CHECK(same(250'000));
  CHECK_FALSE(same(250'001));
}

TEST_CASE("the pause grows with the run and with the cost", "[process_tree]") {
  CHECK(next_pause(microseconds(0), microseconds(10)) == microseconds(2'000));
  CHECK(next_pause(microseconds(1'000'000), microseconds(10)) ==
        microseconds(5'000));
  CHECK(next_pause(microseconds(0), microseconds(1'500)) ==
        microseconds(15'000));
  CHECK(next_pause(microseconds(3'600'000'000), microseconds(10)) ==
        microseconds(100'000));
}

TEST_CASE("page cache is taken off the kernel's mark", "[job_cgroup]") {
  const auto usage = [](std::uint64_t current, std::uint64_t mark,
                        std::uint64_t cache) {
    CgroupUsage u;
    u.current = current;
    u.mark = mark;
    u.mark_since = MarkSince::reading;
    u.droppable = cache;
    return u;
  };
  SECTION("cache that grows is not a need") {
    CgroupPeak peak;
    peak.add(usage(200, 200, 100));
    CHECK(peak.peak() == 100);
    peak.add(usage(700, 700, 600));
    CHECK(peak.peak() == 100);
    CHECK(peak.largest_cache() == 600);
  }
  SECTION("a spike between two readings is one") {
    CgroupPeak peak;
    peak.add(usage(200, 200, 100));
    peak.add(usage(200, 500, 100));
    CHECK(peak.peak() == 400);
    CHECK(peak.latest() == 100);
  }
  SECTION("cache that was dropped was in the mark") {
    CgroupPeak peak;
    peak.add(usage(600, 600, 500));
    peak.add(usage(100, 600, 0));
    CHECK(peak.peak() == 100);
  }
  SECTION("the same mark again is a new one where it is set back") {
    // 500 is reached with 400 of cache, and once more with 100.
    CgroupPeak peak;
    peak.add(usage(450, 500, 400));
    CHECK(peak.peak() == 100);
    peak.add(usage(150, 480, 100));  // within the stretch 400 may be cache
    peak.add(usage(150, 480, 100));
    CHECK(peak.peak() == 380);
  }
  SECTION("a mark since the start speaks once") {
    CgroupPeak peak;
    CgroupUsage u = usage(450, 500, 400);
    u.mark_since = MarkSince::start;
    peak.add(u);
    CHECK(peak.peak() == 100);
    u.current = 50;
    u.droppable = 0;
    peak.add(u);
    peak.add(u);
    CHECK(peak.peak() == 100);
    u.mark = 510;
    peak.add(u);
    CHECK(peak.peak() == 510);
  }
  SECTION("without a mark the readings are all there is") {
    CgroupPeak peak;
    CgroupUsage u;
    u.current = 300;
    u.droppable = 50;
    u.swap = 7;
    peak.add(u);
    CHECK(peak.peak() == 257);
  }
}

TEST_CASE("what can be dropped does not contain tmpfs", "[job_cgroup]") {
  const std::string v2 =
      "anon 1000\nfile 700\nshmem 300\nfile_mapped 9\ninactive_file 250\n"
      "active_file 150\nslab_reclaimable 40\nworkingset_activate_file 5\n";
  CHECK(droppable_bytes(parse_memory_stat(v2), CgroupVersion::v2, 999) == 440);
  const std::string v1 =
      "cache 700\ninactive_file 1\nactive_file 2\ntotal_cache 700\n"
      "total_shmem 300\ntotal_inactive_file 2000\ntotal_active_file 1200\n";
  // 3200 and a 32nd part of it, or what the kernel has
  CHECK(droppable_bytes(parse_memory_stat(v1), CgroupVersion::v1, 5000) ==
        3300);
  CHECK(droppable_bytes(parse_memory_stat(v1), CgroupVersion::v1, 60) == 3260);

  CHECK(parse_oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n") == 3);
  CHECK(parse_oom_kills(
            "low 0\nmax 2\noom 1\noom_kill 1\noom_group_kill 0\n") == 1);
  CHECK_FALSE(parse_oom_kills("oom_kill_disable 0\nunder_oom 0\n"));
}

TEST_CASE("a kill is counted where we are, else on the machine", "[oom]") {
  const Machine machine;
  machine.write("/proc/vmstat", "nr_free_pages 9\noom_kill 5\n");
  const OomCounter counter(machine.host(), kNoVariables);
  CHECK(counter.where() == "/proc/vmstat");
  CHECK(counter.kills() == 0);
  machine.write("/proc/vmstat", "nr_free_pages 9\noom_kill 7\n");
  CHECK(counter.kills() == 2);

  machine.write("/proc/self/cgroup", "0::/a/b\n");
  machine.write("/proc/self/mountinfo",
                "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  machine.write("/sys/fs/cgroup/a/b/cgroup.procs", "");
  machine.write("/sys/fs/cgroup/a/b/memory.events", "oom 0\noom_kill 1\n");
  const OomCounter own(machine.host(), kNoVariables);
  CHECK(own.where() == "memory.events of /a/b");
  machine.write("/sys/fs/cgroup/a/b/memory.events", "oom 1\noom_kill 2\n");
  CHECK(own.kills() == 1);

  const Machine nothing;
  CHECK_FALSE(OomCounter(nothing.host(), kNoVariables).kills());
}

TEST_CASE("a run is held below a size, and ended where it goes above",
          "[job_cgroup][real]") {
  const Host host;
  if (const auto made = JobCgroup::make(host, Environment()); !made) {
    std::cout << "SKIPPED: " << made.error().message << "\n";
    return;
  }
  ChildSpec spec;
  // 40 MiB in one process, and a shell that goes on without it.
  spec.argv = {"sh", "-c",
               "head -c 41943040 /dev/zero | tail -c 41943040 >/dev/null;"
               "[ \"$0\" = ends ] || sleep 20",
               "waits"};
  MeterWishes wishes;
  wishes.at_most = 20 * kMiB;
  const auto killed = run_measured(spec, host, Environment(), wishes, {});
  REQUIRE(killed.has_value());
  CHECK_FALSE(killed->refused);
  CHECK(killed->peak.oom_kills.value_or(0) > 0);
  CHECK(killed->end.wait_status == SIGKILL);

  wishes.at_most = 200 * kMiB;
  spec.argv.back() = "ends";
  const auto fits = run_measured(spec, host, Environment(), wishes, {});
  REQUIRE(fits.has_value());
  CHECK(fits->end.wait_status == 0);
  CHECK(fits->peak.oom_kills == 0);

  wishes.choice = MeterChoice::sampling;
  const auto sampled = run_measured(spec, host, Environment(), wishes, {});
  REQUIRE(sampled.has_value());
  CHECK(sampled->refused);
}

TEST_CASE("a control group is made, counts, and is gone afterwards",
          "[job_cgroup][real]") {
  const Host host;
  std::string folder;
  {
    auto made = JobCgroup::make(host, Environment());
    if (!made) {
      std::cout << "SKIPPED: " << made.error().message << "\n";
      return;
    }
    std::optional<JobCgroup> group(std::move(*made));
    folder = group->folder();
    ChildSpec spec;
    // 40 MiB in the shell; a daemon that is left behind.
    spec.argv = {"sh", "-c",
                 "x=$(head -c 41943040 /dev/zero | tr '\\0' x); sleep 60 &"};
    spec.cgroup_procs = group->procs();
    CgroupPeak peak;
    pid_t left = 0;
    Supervision supervision;
    supervision.tick = [&](const std::vector<pid_t>&) {
      if (const auto usage = group->read()) peak.add(*usage);
      return std::chrono::milliseconds(5);
    };
    REQUIRE(supervise({spec}, supervision).has_value());
    if (const auto usage = group->read()) peak.add(*usage);
    CHECK(peak.peak() > 40 * kMiB);
    CHECK(peak.peak() < 200 * kMiB);
    CHECK(group->oom_kills() == 0);
    std::ifstream(folder + "/cgroup.procs") >> left;
    REQUIRE(left > 0);
    if (group->can_reset()) {
      // The daemon has the shell's memory until it has become sleep(1).
      const std::string name = "/proc/" + std::to_string(left) + "/comm";
      while (host.read(name).value() != "sleep\n") ::sched_yield();
      REQUIRE(group->read().has_value());
      // What remains is the daemon; the mark of before is not told again.
      const auto after = group->read();
      REQUIRE(after.has_value());
      CHECK(after->mark_since == MarkSince::reading);
      CHECK(after->mark.value() < 20 * kMiB);
    }
    group.reset();  // which must not end it
    CHECK(::kill(left, SIGKILL) == 0);
  }
  CHECK_FALSE(std::filesystem::exists(folder));
}
