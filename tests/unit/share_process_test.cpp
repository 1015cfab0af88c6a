#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "catch.h"
#include "share/process.h"

using namespace fitrun;

namespace {

constexpr std::uint64_t kMiB = 1U << 20;
constexpr std::size_t kNone = TreeMember::kNoParent;

// /proc/PID/stat with the fields that count: state, parent, threads, start,
// resident pages, address of the stack.
std::string stat_line(const std::string& pid_and_name, char state, int parent,
                      int threads, int start, int resident,
                      const std::string& stack) {
  return pid_and_name + " " + state + " " + std::to_string(parent) +
         " 5 6 0 -1 4194304 7 8 9 10 11 12 13 14 20 0 " +
         std::to_string(threads) + " 0 " + std::to_string(start) + " 2703360 " +
         std::to_string(resident) + " 18446744073709551615 1 2 " + stack +
         " 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

// A /proc made of files, gone at the end.
class FakeProc {
 public:
  FakeProc() {
    char name[] = "/tmp/fitrun-test-XXXXXX";
    root_ = ::mkdtemp(name);
    ::mkdir((root_ + "/proc").c_str(), 0700);
  }
  ~FakeProc() { std::system(("rm -r " + root_).c_str()); }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;

  Host host() const { return Host(root_); }

  void add(int pid, int parent, std::uint64_t anonymous_mib,
           const std::string& stack, const std::string& children = "",
           std::uint64_t peak_mib = 0, int threads = 1) const {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t shared = 10 * kMiB / page;
    const std::uint64_t resident = anonymous_mib * kMiB / page + shared;
    const std::string id = std::to_string(pid);
    write(id + "/stat", stat_line(id + " (a) R 1 (b)", 'S', parent, threads, 77,
                                  static_cast<int>(resident), stack));
    write(id + "/statm", "99999 " + std::to_string(resident) + " " +
                             std::to_string(shared) + " 1 0 1 0\n");
    write(id + "/task/" + id + "/children", children);
    if (peak_mib > 0)
      write(id + "/status", "Name:\tx\nVmHWM:\t   " +
                                std::to_string(peak_mib * 1024) + " kB\n");
  }

  void write(const std::string& path, const std::string& text) const {
    const std::string full = root_ + "/proc/" + path;
    for (std::size_t at = root_.size() + 6; at != std::string::npos;
         at = full.find('/', at + 1))
      ::mkdir(full.substr(0, at).c_str(), 0700);
    std::ofstream(full) << text;
  }

 private:
  std::string root_;
};

LeaseTree tree_of(const FakeProc& proc, std::vector<pid_t> pids) {
  std::vector<ProcessStat> roots;
  for (const pid_t pid : pids) {
    const auto stat = read_process_stat(proc.host(), pid);
    REQUIRE(stat);
    roots.push_back(*stat);
  }
  return read_process_tree(proc.host(), roots, 100);
}

}  // namespace

TEST_CASE("the fields of a process are found whatever it is called",
          "[share]") {
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

TEST_CASE("a broken stat file is no process", "[share]") {
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

TEST_CASE("anonymous memory is what is resident and not shared", "[share]") {
  CHECK(parse_anonymous_pages("1000 300 120 5 0 60 0\n") == 180U);
  CHECK(parse_anonymous_pages("1000 100 120 5 0 60 0\n") == 0U);
  CHECK_FALSE(parse_anonymous_pages("1000 300\n"));
  CHECK_FALSE(parse_anonymous_pages("1000 x 120 5 0 60 0\n"));
}

TEST_CASE("the peak is in KiB", "[share]") {
  CHECK(parse_peak("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\nVmRSS: 1 kB\n") ==
        2 * kMiB);
  CHECK_FALSE(parse_peak("Name:\tkthreadd\n"));
  CHECK_FALSE(parse_peak("VmHWM:\t99999999999999999 kB\n"));
}

TEST_CASE("memory that processes may share is counted once", "[share]") {
  struct Row {
    const char* what;
    std::vector<TreeMember> members;
    std::uint64_t used;
  };
  const Row row = GENERATE(values<Row>({
      {"nobody", {}, 0},
      {"one", {{kNone, 500, 0, 1}}, 500},
      {"three programs",
       {{kNone, 5, 0, 1}, {0, 300, 0, 2}, {0, 200, 0, 3}},
       505},
      // a parent of 2000 whose forked workers have only what it has
      {"a pool that shares everything",
       {{kNone, 2000, 2000, 1}, {0, 2000, 0, 1}, {0, 2000, 0, 1}},
       2000},
      // each worker has 1000 of its own on top
      {"a pool that grows",
       {{kNone, 2000, 2000, 1}, {0, 3000, 0, 1}, {0, 3000, 0, 1}},
       4000},
      // the parent had 2100 once, and gave 100 of them to no one
      {"a parent that was larger",
       {{kNone, 2000, 2100, 1}, {0, 3000, 0, 1}},
       2900},
      // 50 at the top, 400 more in the child, 100 more in its child
      {"three generations",
       {{kNone, 50, 50, 1}, {0, 450, 450, 1}, {1, 550, 550, 1}},
       550},
      // the parent has exec'd since: its children may share with one another
      {"children without their parent's image",
       {{kNone, 10, 10, 9}, {0, 700, 0, 1}, {0, 600, 0, 1}},
       710},
      {"orphans of one image", {{kNone, 700, 0, 1}, {kNone, 600, 0, 1}}, 700},
      // addresses that we may not know are all 0, and taken for one image
      {"strangers", {{kNone, 700, 800, 0}, {0, 900, 0, 0}}, 800},
  }));
  CAPTURE(row.what);
  CHECK(least_used(row.members) == row.used);
}

TEST_CASE("a tree is its root and all descendants", "[share]") {
  const FakeProc proc;
  proc.add(10, 1, 5, "100", "11 12 ");
  proc.add(11, 10, 300, "200", "13 ");
  proc.add(12, 10, 200, "300");
  proc.add(13, 11, 100, "400");
  proc.add(14, 1, 999, "500");  // somebody else
  const LeaseTree tree = tree_of(proc, {10});
  CHECK(tree.pids == std::vector<pid_t>{10, 11, 12, 13});
  CHECK(tree.used == 605 * kMiB);
}

TEST_CASE("children of every thread belong to the tree", "[share]") {
  const FakeProc proc;
  proc.add(10, 1, 5, "100", "", 0, 2);
  proc.write("10/task/17/children", "18 ");
  proc.add(18, 10, 40, "200");
  CHECK(tree_of(proc, {10}).used == 45 * kMiB);
}

TEST_CASE("forked children count with what they have beyond the parent",
          "[share]") {
  const FakeProc proc;
  proc.add(10, 1, 100, "100", "11 12 ", 150);
  proc.add(11, 10, 400, "100");  // forked: 400 - 150
  proc.add(12, 10, 400, "200");  // has exec'd: 400
  CHECK(tree_of(proc, {10}).used == 750 * kMiB);
}

TEST_CASE("a parent whose peak is not known shares all with its children",
          "[share]") {
  const FakeProc proc;
  proc.add(10, 1, 100, "100", "11 ");
  proc.add(11, 10, 400, "100");
  CHECK(tree_of(proc, {10}).used == 100 * kMiB);
}

TEST_CASE("roots that are children of one another count once", "[share]") {
  const FakeProc proc;
  proc.add(10, 1, 100, "100", "11 ", 100);
  proc.add(11, 10, 130, "100");
  const LeaseTree tree = tree_of(proc, {11, 10});
  CHECK(tree.pids == std::vector<pid_t>{11, 10});
  CHECK(tree.used == 130 * kMiB);
}

TEST_CASE("a tree ends at the bound, and never runs in circles", "[share]") {
  const FakeProc proc;
  proc.add(10, 11, 5, "100", "11 10 ");
  proc.add(11, 10, 5, "200", "10 ");
  CHECK(tree_of(proc, {10}).pids == std::vector<pid_t>{10, 11});
  const auto root = read_process_stat(proc.host(), 10);
  CHECK(read_process_tree(proc.host(), {*root}, 1).pids ==
        std::vector<pid_t>{10});
}

TEST_CASE("marked processes are found by their environment", "[share]") {
  using std::string_literals::operator""s;
  const FakeProc proc;
  proc.write("20/environ", "A=1\0FITRUN_LEASE=aaaa\0B=2\0"s);
  proc.write("21/environ", "FITRUN_LEASE=bbbb\0"s);
  proc.write("22/environ", "FITRUN_LEASE=cccc\0"s);
  proc.write("23/environ", "OLD_FITRUN_LEASE=aaaa\0FITRUN_LEASES=aaaa\0"s);
  proc.write("24/environ", "X=FITRUN_LEASE=aaaa\0FITRUN_LEASE=bbbb\0"s);
  proc.write("25/environ", "");
  proc.write("26/environ", "FITRUN_LEASE=aaaaa\0FITRUN_LEASE=aaaa"s);
  proc.write("self/environ", "FITRUN_LEASE=aaaa\0"s);
  const auto found =
      find_marked(proc.host(), "FITRUN_LEASE", {"aaaa", "bbbb"}, {});
  REQUIRE(found.size() == 3);
  CHECK((found[0].pid == 20 && found[0].mark == "aaaa"));
  CHECK((found[1].pid == 21 && found[1].mark == "bbbb"));
  CHECK((found[2].pid == 24 && found[2].mark == "bbbb"));
  const auto pids = [&](pid_t after, pid_t last) {
    std::vector<pid_t> all;
    for (const MarkedProcess& one : find_marked(
             proc.host(), "FITRUN_LEASE", {"aaaa", "bbbb"}, {after, last}))
      all.push_back(one.pid);
    return all;
  };
  CHECK(pids(20, 24) == std::vector<pid_t>{21, 24});
  CHECK(pids(20, 23) == std::vector<pid_t>{21});
  CHECK(pids(20, 30000) == std::vector<pid_t>{21, 24});
  // The numbers came round.
  CHECK(pids(30000, 20) == std::vector<pid_t>{20});
  CHECK(pids(23, 20) == std::vector<pid_t>{20, 24});
}

TEST_CASE("the last pid is the last word of the load", "[share]") {
  CHECK(parse_last_pid("0.20 0.18 0.12 1/80 11206\n") == 11206);
  CHECK_FALSE(parse_last_pid("0.20 0.18 0.12 1/80\n"));
  CHECK_FALSE(parse_last_pid("0.20 0.18 0.12 1/80 -1\n"));
  CHECK_FALSE(parse_last_pid(""));
}
