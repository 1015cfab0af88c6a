#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "fake_proc.h"
#include "share/process.h"

using namespace fitrun;

namespace {

constexpr std::size_t kNone = TreeMember::kNoParent;

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
  FakeProc proc;
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
  FakeProc proc;
  proc.add(10, 1, 5, "100", "", 0, 2);
  proc.write("10/task/17/children", "18 ");
  proc.add(18, 10, 40, "200");
  CHECK(tree_of(proc, {10}).used == 45 * kMiB);
}

TEST_CASE("forked children count with what they have beyond the parent",
          "[share]") {
  FakeProc proc;
  proc.add(10, 1, 100, "100", "11 12 ", 150);
  proc.add(11, 10, 400, "100");  // forked: 400 - 150
  proc.add(12, 10, 400, "200");  // has exec'd: 400
  CHECK(tree_of(proc, {10}).used == 750 * kMiB);
}

TEST_CASE("a parent whose peak is not known shares all with its children",
          "[share]") {
  FakeProc proc;
  proc.add(10, 1, 100, "100", "11 ");
  proc.add(11, 10, 400, "100");
  CHECK(tree_of(proc, {10}).used == 100 * kMiB);
}

TEST_CASE("roots that are children of one another count once", "[share]") {
  FakeProc proc;
  proc.add(10, 1, 100, "100", "11 ", 100);
  proc.add(11, 10, 130, "100");
  const LeaseTree tree = tree_of(proc, {11, 10});
  CHECK(tree.pids == std::vector<pid_t>{11, 10});
  CHECK(tree.used == 130 * kMiB);
}

TEST_CASE("a tree ends at the bound, and never runs in circles", "[share]") {
  FakeProc proc;
  proc.add(10, 11, 5, "100", "11 10 ");
  proc.add(11, 10, 5, "200", "10 ");
  CHECK(tree_of(proc, {10}).pids == std::vector<pid_t>{10, 11});
  const auto root = read_process_stat(proc.host(), 10);
  CHECK(read_process_tree(proc.host(), {*root}, 1).pids ==
        std::vector<pid_t>{10});
}

TEST_CASE("a tree is the same from a table as from the kernel's lists",
          "[share]") {
  FakeProc proc;
  proc.add(10, 1, 5, "100", "11 12 ", 40);
  proc.add(11, 10, 300, "200", "13 ");
  proc.add(12, 10, 200, "100");  // forked: 200 - 40
  proc.add(13, 11, 100, "400");
  proc.add(14, 1, 999, "500");  // somebody else
  proc.write("15/stat", stat_line("15 (a)", 'Z', 10, 1, 77, 0, "0"));
  std::vector<ProcessStat> all;
  for (const pid_t pid : list_processes(proc.host())) {
    const auto stat = read_process_stat(proc.host(), pid);
    REQUIRE(stat);
    all.push_back(*stat);
  }
  const ProcessTable table(all);
  REQUIRE(table.find(10));
  CHECK(table.find(10)->stack_start == 100);
  CHECK(table.find(9) == nullptr);
  CHECK(table.find(16) == nullptr);
  CHECK(table.children(14).empty());
  LeaseTree tree =
      read_process_tree(proc.host(), {*table.find(10)}, 100, &table);
  std::sort(tree.pids.begin() + 1, tree.pids.end());
  CHECK(tree.pids == std::vector<pid_t>{10, 11, 12, 13});
  CHECK(tree.used == tree_of(proc, {10}).used);
  CHECK(tree.used == 565 * kMiB);
}

TEST_CASE("memory that was asked for is not asked for again", "[share]") {
  FakeProc proc;
  proc.add(10, 1, 300, "100");
  auto root = read_process_stat(proc.host(), 10);
  REQUIRE(root);
  CHECK(read_anonymous(proc.host(), *root) == 300 * kMiB);
  root->anonymous = 200 * kMiB;
  CHECK(read_process_tree(proc.host(), {*root}, 1).used == 200 * kMiB);
}

TEST_CASE("marked processes are found by their environment", "[share]") {
  using std::string_literals::operator""s;
  FakeProc proc;
  proc.write("20/environ", "A=1\0FITRUN_LEASE=aaaa\0B=2\0"s);
  proc.write("21/environ", "FITRUN_LEASE=bbbb\0"s);
  proc.write("22/environ", "FITRUN_LEASE=cccc\0"s);
  proc.write("23/environ", "OLD_FITRUN_LEASE=aaaa\0FITRUN_LEASES=aaaa\0"s);
  proc.write("24/environ", "X=FITRUN_LEASE=aaaa\0FITRUN_LEASE=bbbb\0"s);
  proc.write("25/environ", "");
  proc.write("26/environ", "FITRUN_LEASE=aaaaa\0FITRUN_LEASE=aaaa"s);
  proc.write("self/environ", "FITRUN_LEASE=aaaa\0"s);
  const Host host = proc.host();
  const std::vector<std::string> marks = {"aaaa", "bbbb"};
  MarkSearch search(host, "FITRUN_LEASE", marks);
  CHECK(search.look({}) == MarkSearch::Outcome::complete);
  const auto& found = search.found();
  REQUIRE(found.size() == 3);
  CHECK((found[0].pid == 20 && found[0].mark == "aaaa"));
  CHECK((found[1].pid == 21 && found[1].mark == "bbbb"));
  CHECK((found[2].pid == 24 && found[2].mark == "bbbb"));
  const auto pids = [&](pid_t after, pid_t last) {
    std::vector<pid_t> all;
    MarkSearch in_range(host, "FITRUN_LEASE", marks);
    in_range.look({after, last});
    for (const MarkedProcess& one : in_range.found()) all.push_back(one.pid);
    return all;
  };
  CHECK(pids(20, 24) == std::vector<pid_t>{21, 24});
  CHECK(pids(20, 23) == std::vector<pid_t>{21});
  CHECK(pids(20, 30000) == std::vector<pid_t>{21, 24});
  // The numbers came round.
  CHECK(pids(30000, 20) == std::vector<pid_t>{20});
  CHECK(pids(23, 20) == std::vector<pid_t>{20, 24});
}

TEST_CASE("a look for marks says whether somebody may have been overlooked",
          "[share]") {
  using Outcome = MarkSearch::Outcome;
  using std::string_literals::operator""s;
  FakeProc proc;
  const Host host = proc.host();
  const std::vector<std::string> marks = {"aaaa"};
  MarkSearch search(host, "FITRUN_LEASE", marks);
  proc.add(20, 1, 1, "0");  // an execve() has just begun
  proc.write("20/environ", "");
  proc.link("20/exe", "/bin/sh");
  proc.add(21, 1, 1, "0");  // a kernel thread has no program
  proc.write("21/environ", "");
  proc.add(22, 1, 1, "1");  // env -i
  proc.write("22/environ", "");
  proc.link("22/exe", "/bin/sh");
  CHECK(search.look({}) == Outcome::between);
  CHECK(search.found().empty());
  proc.write("20/environ", "FITRUN_LEASE=aaaa\0"s);
  CHECK(search.look({}) == Outcome::complete);
  REQUIRE(search.found().size() == 1);
  CHECK(search.found()[0].pid == 20);
  // 23 has ended, and what it left behind is newer than it.
  CHECK(search.look({19, 23}) == Outcome::ended);
  proc.write("24/environ", "FITRUN_LEASE=aaaa\0"s);
  CHECK(search.look({19, 24}) == Outcome::complete);
  REQUIRE(search.found().size() == 2);
  CHECK(search.found()[1].pid == 24);
}

TEST_CASE("the last pid is the last word of the load", "[share]") {
  CHECK(parse_last_pid("0.20 0.18 0.12 1/80 11206\n") == 11206);
  CHECK_FALSE(parse_last_pid("0.20 0.18 0.12 1/80\n"));
  CHECK_FALSE(parse_last_pid("0.20 0.18 0.12 1/80 -1\n"));
  CHECK_FALSE(parse_last_pid(""));
}
