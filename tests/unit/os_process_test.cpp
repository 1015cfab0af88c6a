#include <string>
#include <vector>

#include "catch.h"
#include "fake_proc.h"
#include "os/kernel_text.h"
#include "os/process.h"
#include "os/process_memory.h"

using namespace fitrun;

TEST_CASE("the fields of a process are found whatever it is called",
          "[process]") {
  const std::string name =
      GENERATE("1234 (sleep)", "1234 (a b)", "1234 (x) R 9 9 9)", "1234 (((",
               "1234 (\n) S 1 2)");
  CAPTURE(name);
  const std::string text =
      stat_line(name + ")", 'T', 42, 3, 567890, 512, "140725487394544");
  const auto stat = parse_process_stat(text);
  REQUIRE(stat);
  CHECK(stat->pid == 1234);
  CHECK(stat->state == 'T');
  CHECK(stat->parent == 42);
  CHECK(stat->threads == 3);
  CHECK(stat->start == 567890);
  CHECK(stat->resident == 512);
  CHECK(stat->stack_start == 140725487394544);
}

TEST_CASE("a broken stat file is no process", "[process]") {
  const std::string text = stat_line("12 (x)", 'S', 1, 1, 2, 3, "4");
  CHECK(parse_process_stat(text));
  for (const std::size_t n : {0, 1, 5, 20, 60})
    CHECK_FALSE(parse_process_stat(std::string_view(text).substr(0, n)));
  CHECK_FALSE(parse_process_stat("x" + text));
  CHECK_FALSE(parse_process_stat("0" + text.substr(2)));
  CHECK_FALSE(parse_process_stat(stat_line("1 (x)", 'S', -1, 1, 2, 3, "4")));
  CHECK_FALSE(parse_process_stat(stat_line("1 (x)", 'S', 1, 1, -2, 3, "4")));
  CHECK_FALSE(parse_process_stat(stat_line("1 (x)", 'S', 1, 1, 2, 3, "4e9")));
}

TEST_CASE("processes are listed in order, or not at all where they are many",
          "[process]") {
  FakeProc proc;
  for (const int pid : {300, 20, 1000}) proc.add(pid, 1, 1, "1");
  proc.write("self/stat", "");
  proc.write("meminfo", "");
  const std::vector<pid_t> all = {20, 300, 1000};
  CHECK(list_processes(proc.host()) == all);
  CHECK(list_processes(proc.host(), 3) == all);
  CHECK(list_processes(proc.host(), 2).empty());
}

TEST_CASE("a tree is its roots and what they started, each once", "[process]") {
  FakeProc proc;
  proc.add(10, 1, 5, "1", "11 12 ");
  proc.add(11, 10, 5, "1", "13");
  proc.add(12, 10, 5, "1");
  proc.add(13, 11, 5, "1", "", 0, 2);
  proc.write("13/task/99/children", "14 15 x 0 16");  // of its other thread
  proc.add(14, 13, 5, "1", "10");                     // no circle
  proc.write("15/stat", stat_line("15 (a)", 'Z', 13, 1, 77, 0, "0"));
  // A first thread that has ended: the process lives on in the second.
  proc.write("16/stat", stat_line("16 (a)", 'Z', 13, 2, 77, 0, "0"));
  const auto tree = [&](std::vector<pid_t> roots, std::size_t most) {
    std::vector<ProcessStat> from;
    for (const pid_t pid : roots)
      from.push_back(*read_process_stat(proc.host(), pid));
    std::vector<pid_t> pids;
    for (const ProcessStat& stat : read_tree(proc.host(), from, most))
      pids.push_back(stat.pid);
    return pids;
  };
  CHECK(tree({10}, 100) == std::vector<pid_t>{10, 11, 12, 13, 14, 16});
  CHECK(tree({12, 10, 12}, 100) == std::vector<pid_t>{12, 10, 11, 13, 14, 16});
  CHECK(tree({10}, 3) == std::vector<pid_t>{10, 11, 12});
  CHECK(tree({15}, 3).empty());
}

TEST_CASE("a process is its number and its start", "[process]") {
  FakeProc proc;
  proc.add(10, 1, 5, "1");
  const auto stat = read_process_stat(proc.host(), 10);
  REQUIRE(stat);
  CHECK(stat->id() == ProcessId{10, 77});
  CHECK_FALSE(stat->id() == ProcessId{10, 78});
  CHECK_FALSE(stat->id() == ProcessId{11, 77});
  CHECK_FALSE(read_process_stat(proc.host(), 11));
}

TEST_CASE("the files of a process are read as the kernel writes them",
          "[process]") {
  const std::string status =
      "Name:\teat\nVmHWM:\t  70000 kB\nVmRSS:\t   66000 kB\n"
      "RssAnon:\t   60000 kB\nRssFile:\t    2000 kB\nRssShmem:\t    4000 kB\n"
      "VmSwap:\t     100 kB\n";
  const auto size = parse_resident(status);
  REQUIRE(size);
  CHECK(size->own == 60100 * 1024);
  CHECK(size->shared == 4000 * 1024);
  CHECK(size->file == 2000 * 1024);
  CHECK(size->counts() == 64100 * 1024);
  CHECK_FALSE(parse_resident("Name:\tzombie\nState:\tZ (zombie)\n"));

  CHECK(parse_rollup("55d0-7ffe ---p 00000000 00:00 0 [rollup]\n"
                     "Rss:     1000 kB\nPss:      900 kB\n"
                     "Pss_Anon: 500 kB\nPss_File: 300 kB\nPss_Shmem: 100 kB\n"
                     "Swap:      40 kB\nSwapPss:   20 kB\n") == 620 * 1024);
  // Linux 4.14 to 5.3
  CHECK(parse_rollup("Rss: 1000 kB\nPss: 900 kB\nSwapPss: 20 kB\n") ==
        920 * 1024);
  CHECK_FALSE(parse_rollup(""));
}

TEST_CASE("anonymous memory is what is resident and not shared", "[process]") {
  CHECK(parse_anonymous_pages("1000 300 120 5 0 60 0\n") == 180U);
  CHECK(parse_anonymous_pages("1000 100 120 5 0 60 0\n") == 0U);
  CHECK_FALSE(parse_anonymous_pages("1000 300\n"));
  CHECK_FALSE(parse_anonymous_pages("1000 x 120 5 0 60 0\n"));
}

TEST_CASE("the peak is in KiB", "[process]") {
  CHECK(parse_peak("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\nVmRSS: 1 kB\n") ==
        2 * kMiB);
  CHECK_FALSE(parse_peak("Name:\tkthreadd\n"));
  CHECK_FALSE(parse_peak("VmHWM:\t99999999999999999 kB\n"));
}

TEST_CASE("a line is found by its whole name", "[process]") {
  const std::string text =
      "active_file 1\nfile 2\ninactive_file 3\nfile_mapped 4\nbad x\n";
  CHECK(count_field(text, "file") == 2U);
  CHECK(count_field(text, "file_mapped") == 4U);
  CHECK_FALSE(count_field(text, "fil"));
  CHECK_FALSE(count_field(text, "bad"));
  CHECK_FALSE(count_field("", "file"));
  CHECK(kib_field("Pss_Anon: 1 kB\nPss: 2 kB\n", "Pss") == 2048U);
  CHECK_FALSE(kib_field("Pss: 2\n", "Pss"));
  CHECK_FALSE(kib_field("Pss 2 kB\n", "Pss"));
}

TEST_CASE("pages given back lazily stand on no list of anonymous ones",
          "[process]") {
  // 900 anonymous and 100 shared pages' kB, of which the lists have 700.
  const std::string text =
      "SwapCached: 20 kB\nActive(anon): 300 kB\nInactive(anon): 400 kB\n"
      "AnonPages: 900 kB\nShmem: 100 kB\n";
  CHECK(parse_lazily_freed(text) == (900 + 100 + 20 - 700) * 1024U);
  // Numbers of different moments: never below nothing.
  CHECK(parse_lazily_freed("AnonPages: 1 kB\nActive(anon): 2 kB\n"
                           "Inactive(anon): 0 kB\n") == 0U);
  CHECK_FALSE(parse_lazily_freed("AnonPages: 1 kB\n"));
  const MachineDir dir;
  const Host host(dir.root());
  CHECK_FALSE(read_lazily_freed(host, 7));
}
