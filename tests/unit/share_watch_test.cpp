#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "catch.h"
#include "share/watch.h"

using namespace fitrun;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

const std::vector<Holding> kRam = {{Pool::ram, "", 100}};

LiveLease one(const char* id, LeaseKind kind, std::uint64_t taken, pid_t pid) {
  LiveLease live;
  live.lease.id = id;
  live.lease.kind = kind;
  live.lease.taken = taken;
  live.lease.holdings = kRam;
  live.owner = 1000;
  live.pids = {pid, pid + 1};
  return live;
}

}  // namespace

TEST_CASE("the first in the queue watches every lease", "[share]") {
  std::vector<LiveLease> live = {
      one("00000000000000a1", LeaseKind::held, 1, 10),
      one("00000000000000a2", LeaseKind::held, 2, 20),
      one("00000000000000b2", LeaseKind::waiting, 6, 40),
      one("00000000000000b1", LeaseKind::waiting, 5, 30)};
  // A lease without its holder ends with the last of the others.
  live[1].state = LeaseState::left_behind;
  const Watch watch =
      what_to_watch(live, {1000, "00000000000000b1", 5, {}}, kRam);
  CHECK(watch.pids == std::vector<pid_t>{10, 20, 21, 40});
  CHECK(watch.file.empty());
  CHECK(watch.period == milliseconds(1000));
}

TEST_CASE("the others watch the one before them", "[share]") {
  const std::vector<LiveLease> live = {
      one("00000000000000a1", LeaseKind::held, 1, 10),
      one("00000000000000b3", LeaseKind::waiting, 7, 50),
      one("00000000000000b2", LeaseKind::waiting, 6, 40),
      one("00000000000000b1", LeaseKind::waiting, 5, 30)};
  const Watch watch =
      what_to_watch(live, {1000, "00000000000000b3", 7, {}}, kRam);
  CHECK(watch.pids == std::vector<pid_t>{40});
  CHECK(watch.file == "00000000000000b2.wait");
  CHECK(watch.period == milliseconds(3000));
  // Who waits for another memory is not before us.
  const Watch other = what_to_watch(live, {1000, "00000000000000b3", 7, {}},
                                    {{Pool::vram, "GPU-1", 5}});
  CHECK(other.file.empty());
  CHECK(other.pids.size() == 3);
  CHECK(other.period == milliseconds(5000));
}

TEST_CASE("what other users do wakes nobody", "[share]") {
  std::vector<LiveLease> live = {
      one("00000000000000a1", LeaseKind::held, 1, 10),
      one("00000000000000b1", LeaseKind::waiting, 2, 20),
      one("00000000000000a2", LeaseKind::held, 3, 30)};
  live[0].owner = live[1].owner = 1001;
  const Watch watch =
      what_to_watch(live, {1000, "00000000000000b3", 7, {}}, kRam);
  CHECK(watch.pids == std::vector<pid_t>{30});
  CHECK(watch.file.empty());
  CHECK(watch.period == milliseconds(1000));
}

TEST_CASE("the period grows with the queue, up to ten seconds", "[share]") {
  std::vector<LiveLease> live;
  for (int i = 0; i < 50; ++i)
    live.push_back(one("00000000000000b1", LeaseKind::waiting, 5, 30));
  CHECK(what_to_watch(live, {1000, "x", 9, {}}, kRam).period ==
        milliseconds(10000));
}

TEST_CASE("a sleep ends with a process, a file, the period or the deadline",
          "[share]") {
  char name[] = "/tmp/fitrun-test-XXXXXX";
  LeaseFolder folder;
  folder.path = ::mkdtemp(name);
  const Fd events = watch_folder(folder);
  REQUIRE(events);
  const auto file = [&](const char* leaf) { return folder.path + "/" + leaf; };
  const auto touch = [&](const char* leaf) {
    ::close(::creat(file(leaf).c_str(), 0600));
  };
  const auto never = steady_clock::time_point::max();
  const auto start = steady_clock::now();

  Watch watch;
  watch.period = milliseconds(60000);
  watch.file = "a";
  CHECK(sleep_until(watch, events, start + milliseconds(20)) ==
        Wake::timed_out);
  CHECK(sleep_until(watch, events, start) == Wake::timed_out);

  touch("a");
  touch("b");
  ::unlink(file("b").c_str());
  CHECK(sleep_until(watch, events, steady_clock::now() + milliseconds(20)) ==
        Wake::timed_out);
  ::unlink(file("a").c_str());
  CHECK(sleep_until(watch, events, never) == Wake::changed);

  touch("c");
  ::unlink(file("c").c_str());
  watch.file = "";
  CHECK(sleep_until(watch, events, never) == Wake::changed);
  touch("c");
  ::unlink(file("c").c_str());
  forget_events(events);
  CHECK(sleep_until(watch, events, steady_clock::now() + milliseconds(20)) ==
        Wake::timed_out);

  watch.pids = {::getpid()};
  CHECK(sleep_until(watch, events, steady_clock::now() + milliseconds(20)) ==
        Wake::timed_out);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  watch.pids = {::getpid(), child};
  CHECK(sleep_until(watch, events, never) == Wake::changed);  // a zombie
  ::waitpid(child, nullptr, 0);
  CHECK(sleep_until(watch, events, never) == Wake::changed);  // nobody

  watch.pids.clear();
  watch.period = milliseconds(20);
  CHECK(sleep_until(watch, events, never) == Wake::changed);
  CHECK(sleep_until(watch, Fd(), never) == Wake::changed);
  CHECK(steady_clock::now() - start < milliseconds(30000));
  ::rmdir(folder.path.c_str());
}
