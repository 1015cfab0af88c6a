#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "catch.h"
#include "fake_proc.h"
#include "share/users.h"

using namespace fitrun;

TEST_CASE("a user namespace's root is somebody outside", "[share]") {
  constexpr char kRootless[] =
      "         0       1000          1\n         1     100000      65536\n";
  CHECK(outside_uid("         0          0 4294967295\n", 0) == 0);
  CHECK(outside_uid(kRootless, 0) == 1000);
  CHECK(outside_uid(kRootless, 1) == 100000);
  CHECK(outside_uid(kRootless, 65536) == 165535);
  CHECK(outside_uid(kRootless, 65537) == 65537);  // not mapped
  CHECK(outside_uid("", 0) == 0);
  CHECK(outside_uid("0 1000\n", 0) == 0);
}

TEST_CASE("the real user is the first of four", "[share]") {
  CHECK(parse_real_uid("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n") ==
        1000U);
  CHECK_FALSE(parse_real_uid("Name:\tUid: 7\n"));
  CHECK_FALSE(parse_real_uid("Uid:\t1000\n"));
  CHECK_FALSE(parse_real_uid(""));
}

TEST_CASE("users are those who have a process", "[share]") {
  const FakeProc proc;
  const uid_t self = ::geteuid();
  CHECK(other_users(proc.host(), self + 1, 10).empty());
  FakeProc some;
  some.add(100, 1, 20, "100");
  some.add(200, 1, 20, "100");
  some.write("self/stat", "");
  some.write("loadavg", "");
  CHECK(other_users(some.host(), self + 1, 10) == std::vector<uid_t>{self});
  CHECK(other_users(some.host(), self, 10).empty());
  CHECK(other_users(some.host(), self + 1, 0).empty());
  CHECK(is_process_of(some.host(), 100, self));
  CHECK_FALSE(is_process_of(some.host(), 100, self + 1));
  CHECK_FALSE(is_process_of(some.host(), 101, self));
}

TEST_CASE("of a program that may not be looked into the real user counts",
          "[share]") {
  if (::geteuid() != 0) return;  // only root's folders are such
  FakeProc proc;
  proc.add(100, 1, 20, "100");
  proc.write("100/status", "Uid:\t1000\t0\t0\t0\n");
  CHECK(is_process_of(proc.host(), 100, 1000));
  CHECK_FALSE(is_process_of(proc.host(), 100, 1001));
}
