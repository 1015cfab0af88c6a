#include <limits>

#include "catch.h"
#include "share/claims.h"

using namespace fitrun;

namespace {

constexpr uid_t kUs = 1000;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

LiveLease lease(const char* id, std::uint64_t bytes, std::uint64_t used = 0,
                std::vector<std::string> levels = {}) {
  LiveLease live;
  live.lease.id = id;
  live.lease.levels = std::move(levels);
  live.lease.holdings = {{Pool::ram, "", bytes}};
  live.owner = kUs;
  live.used = used;
  return live;
}

LiveLease waiting(const char* id, std::uint64_t bytes, std::uint64_t taken) {
  LiveLease live = lease(id, bytes);
  live.lease.kind = LeaseKind::waiting;
  live.lease.taken = taken;
  return live;
}

LiveLease inside(const char* outer, LiveLease live) {
  live.lease.within = outer;
  return live;
}

SharedLimit ram(std::uint64_t available, const char* level = "") {
  return {Pool::ram, "", level, available};
}

Remainder left(const SharedLimit& limit, const std::vector<LiveLease>& live,
               const Viewer& viewer = {},
               const std::vector<DeviceUse>& uses = {}) {
  const std::vector<Remainder> all =
      subtract_claims({limit}, live, viewer, uses);
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("drivers are asked about leases that hold VRAM", "[share]") {
  LiveLease ram_only = lease("1", 100);
  ram_only.pids = {10};
  LiveLease both = lease("2", 100);
  both.lease.holdings.push_back({Pool::vram, "GPU-1", 5});
  both.lease.holdings.push_back({Pool::vram, "GPU-2", 5});
  both.pids = {11, 12};
  LiveLease again = lease("3", 100);
  again.lease.holdings = {{Pool::vram, "GPU-2", 5}};
  again.pids = {13};
  LiveLease queued = waiting("4", 100, 1);
  queued.lease.holdings = {{Pool::vram, "GPU-3", 5}};
  queued.pids = {14};
  CHECK(leased_gpus({ram_only, queued}).devices.empty());
  CHECK(leased_gpus({ram_only, queued}).pids.empty());
  const LeasedGpus all = leased_gpus({ram_only, both, again, queued});
  CHECK(all.devices == std::vector<std::string>{"GPU-1", "GPU-2"});
  CHECK(all.pids == std::vector<pid_t>{11, 12, 13});
}

TEST_CASE("a lease counts with what it has not used yet", "[share]") {
  CHECK(left(ram(1000), {lease("a", 300, 100)}).available == 800);
  CHECK(left(ram(1000), {lease("a", 300, 300)}).available == 1000);
  // More than it asked for: gone from what is available already.
  CHECK(left(ram(1000), {lease("a", 300, 900)}).available == 1000);
  const Remainder both =
      left(ram(1000), {lease("a", 300, 100), lease("b", 50)});
  CHECK(both.available == 750);
  REQUIRE(both.subtracted.size() == 2);
  CHECK((both.subtracted[0].lease == 0 && both.subtracted[0].bytes == 200));
  CHECK((both.subtracted[1].lease == 1 && both.subtracted[1].bytes == 50));
}

TEST_CASE("nothing is left rather than less than nothing", "[share]") {
  CHECK(left(ram(1000), {lease("a", 1001)}).available == 0);
  CHECK(left(ram(1000), {lease("a", kMost), lease("b", kMost)}).available == 0);
  CHECK(left(ram(kMost), {lease("a", kMost), lease("b", 5)}).available == 0);
  CHECK(left(ram(0), {}).available == 0);
}

TEST_CASE("a lease that leaves everything is not said to be subtracted",
          "[share]") {
  CHECK(left(ram(1000), {lease("a", 300, 300)}).subtracted.empty());
  CHECK(left(ram(1000, "box"), {lease("a", 300)}).subtracted.empty());
}

TEST_CASE("a cgroup's limit concerns the leases in that cgroup", "[share]") {
  // box1/job and box2 below one parent
  const std::vector<LiveLease> live = {
      lease("a", 100, 0, {"job", "box1", "top"}),
      lease("b", 10, 0, {"box2", "top"}), lease("c", 1)};
  const std::vector<Remainder> all =
      subtract_claims({ram(1000), ram(900, "top"), ram(800, "box1"),
                       ram(700, "box2"), ram(600, "job"), ram(500, "other")},
                      live, {});
  REQUIRE(all.size() == 6);
  CHECK(all[0].available == 889);  // all three
  CHECK(all[1].available == 790);  // a and b
  CHECK(all[2].available == 700);  // a
  CHECK(all[3].available == 690);  // b
  CHECK(all[4].available == 500);  // a
  CHECK(all[5].available == 500);  // nobody
}

TEST_CASE("leases of a GPU count against that GPU", "[share]") {
  LiveLease server = lease("a", 100);
  server.lease.holdings.push_back({Pool::vram, "GPU-1", 4000});
  server.pids = {10, 11};
  const std::vector<DeviceUse> uses = {{"GPU-1", 11, 1500},
                                       {"GPU-1", 10, 500},
                                       {"GPU-1", 99, 7000},
                                       {"GPU-2", 11, 300}};
  const std::vector<Remainder> all =
      subtract_claims({{Pool::vram, "GPU-1", "", 10000},
                       {Pool::vram, "GPU-2", "", 10000},
                       ram(10000)},
                      {server}, {}, uses);
  REQUIRE(all.size() == 3);
  CHECK(all[0].available == 8000);  // 4000 - 2000 of its own tree
  CHECK(all[1].available == 10000);
  CHECK(all[2].available == 9900);
  // Where the driver does not tell, all of it is taken for still to come.
  CHECK(left({Pool::vram, "GPU-1", "", 10000}, {server}).available == 6000);
}

TEST_CASE("our own lease does not stand in our way", "[share]") {
  const Viewer me{kUs, "a", 0, {}};
  CHECK(left(ram(1000), {lease("a", 300), lease("b", 50)}, me).available ==
        950);
}

TEST_CASE("a launch inside another one's tree draws on its lease", "[share]") {
  const std::vector<LiveLease> live = {
      lease("outer", 600, 100), inside("outer", lease("in1", 200)),
      inside("outer", lease("in2", 150, 50)), lease("else", 10)};
  // For a stranger: the larger of 500 and 200 + 100, and 10.
  const Remainder stranger = left(ram(1000), live);
  CHECK(stranger.available == 490);
  REQUIRE(stranger.subtracted.size() == 2);
  CHECK(stranger.subtracted[0].lease == 0);
  CHECK(stranger.subtracted[1].lease == 3);
  // For a third one inside: its siblings 200 + 100, and 10.
  const Viewer sibling{kUs, "", 0, {"outer"}};
  CHECK(left(ram(1000), live, sibling).available == 690);
}

TEST_CASE("inner leases count where they are more than the outer one",
          "[share]") {
  const std::vector<LiveLease> live = {lease("outer", 300, 250),
                                       inside("outer", lease("in1", 200)),
                                       inside("outer", lease("in2", 150, 50))};
  const Remainder stranger = left(ram(1000), live);
  CHECK(stranger.available == 700);  // 200 + 100 against 50
  REQUIRE(stranger.subtracted.size() == 2);
  CHECK((stranger.subtracted[0].lease == 1 &&
         stranger.subtracted[0].bytes == 200));
  CHECK((stranger.subtracted[1].lease == 2 &&
         stranger.subtracted[1].bytes == 100));
  // An inner lease in a cgroup of its own counts against its limit.
  std::vector<LiveLease> boxed = live;
  boxed[1].lease.levels = {"box"};
  CHECK(left(ram(1000, "box"), boxed).available == 800);
}

TEST_CASE("an inner lease whose outer one has ended stands for itself",
          "[share]") {
  CHECK(left(ram(1000), {inside("gone", lease("in", 200))}).available == 800);
  // Another user cannot hide in our lease, nor hide us in theirs.
  LiveLease foreign = inside("ours", lease("in", 200));
  foreign.owner = kUs + 1;
  CHECK(left(ram(1000), {lease("ours", 300), foreign}).available == 500);
}

TEST_CASE("the same id with another owner is another lease", "[share]") {
  LiveLease foreign = lease("a", 300);
  foreign.owner = kUs + 1;
  CHECK(left(ram(1000), {foreign}, {kUs, "a", 0, {}}).available == 700);
  CHECK(left(ram(1000), {foreign}, {kUs, "", 0, {"a"}}).available == 700);
  CHECK(left(ram(1000), {foreign, lease("a", 10), inside("a", lease("b", 5))})
            .available == 690);
}

TEST_CASE("leases that contain one another do no harm", "[share]") {
  CHECK(left(ram(1000), {inside("a", lease("a", 100))}).available == 900);
  CHECK(left(ram(1000), {inside("b", lease("a", 100)),
                         inside("a", lease("b", 100)), lease("c", 50)})
            .available == 950);
  std::vector<LiveLease> chain = {lease("0", 1)};
  for (int i = 1; i < 5000; ++i) {
    chain.push_back(lease("", 1));
    chain.back().lease.id = std::to_string(i);
    chain.back().lease.within = std::to_string(i - 1);
  }
  CHECK(left(ram(1000), chain).available == 999);
  CHECK(
      enclosing_leases({inside("b", lease("a", 1)), inside("a", lease("b", 1))},
                       "a", kUs) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("the leases around a process are those its mark leads to",
          "[share]") {
  std::vector<LiveLease> live = {lease("a", 1), inside("a", lease("b", 1)),
                                 inside("b", lease("c", 1))};
  CHECK(enclosing_leases(live, "c", kUs) ==
        std::vector<std::string>{"c", "b", "a"});
  CHECK(enclosing_leases(live, "", kUs).empty());
  CHECK(enclosing_leases(live, "d", kUs).empty());
  live[1].owner = kUs + 1;
  CHECK(enclosing_leases(live, "c", kUs) == std::vector<std::string>{"c"});
}

TEST_CASE("who waits counts for those behind, and not for those ahead",
          "[share]") {
  const std::vector<LiveLease> live = {waiting("w2", 20, 200),
                                       waiting("w1", 300, 100),
                                       waiting("w3", 4000, 300)};
  // Somebody new is behind all of them.
  CHECK(left(ram(10000), live).available == 5680);
  CHECK(left(ram(10000), live, {kUs, "w2", 200, {}}).available == 9700);
  CHECK(left(ram(10000), live, {kUs, "w1", 100, {}}).available == 10000);
  CHECK(left(ram(10000), live, {kUs, "w3", 300, {}}).available == 9680);
}

TEST_CASE("a stopped launch holds up nobody, but keeps a lease it has",
          "[share]") {
  LiveLease stopped = waiting("w", 300, 100);
  stopped.state = LeaseState::stopped;
  CHECK(left(ram(1000), {stopped}).available == 1000);
  LiveLease holder = lease("h", 300);
  holder.state = LeaseState::stopped;
  CHECK(left(ram(1000), {holder}).available == 700);
}

TEST_CASE("places taken at the same moment are in some order", "[share]") {
  const LiveLease a = waiting("a", 1, 100), b = waiting("b", 1, 100);
  CHECK(waits_ahead(a, {kUs, "b", 100, {}}));
  CHECK_FALSE(waits_ahead(b, {kUs, "a", 100, {}}));
}
