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

SharedLimit ram(const char* level = "") {
  return {Pool::ram, "", level};
}

// The claims under one limit, and their sums.
struct Claims {
  std::uint64_t bytes = 0;
  std::uint64_t used = 0;
  std::vector<Claim> all;
};

Claims sum(std::vector<Claim> all) {
  Claims claims{0, 0, std::move(all)};
  for (const Claim& claim : claims.all) {
    claims.bytes += claim.bytes;
    claims.used += claim.used;
  }
  return claims;
}

Claims claims(const SharedLimit& limit, const std::vector<LiveLease>& live,
              const Viewer& viewer = {},
              const std::vector<DeviceUse>& uses = {}) {
  const auto all = claims_on({limit}, live, viewer, uses);
  REQUIRE(all.size() == 1);
  return sum(all[0]);
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

TEST_CASE("a lease claims what it has set aside, or uses where that is more",
          "[share]") {
  CHECK(claims(ram(), {lease("a", 300, 100)}).all ==
        std::vector<Claim>{{0, 300, 100}});
  CHECK(claims(ram(), {lease("a", 300, 300)}).all ==
        std::vector<Claim>{{0, 300, 300}});
  CHECK(claims(ram(), {lease("a", 300, 900)}).all ==
        std::vector<Claim>{{0, 900, 900}});
  CHECK(claims(ram(), {lease("a", 300, 100), lease("b", 50)}).all ==
        std::vector<Claim>{{0, 300, 100}, {1, 50, 0}});
}

TEST_CASE("claims end at the largest number", "[share]") {
  CHECK(claims(ram(), {lease("a", kMost, 5)}).bytes == kMost);
  LiveLease twice = lease("a", kMost, 7);
  twice.lease.holdings.push_back({Pool::ram, "", kMost});
  CHECK(claims(ram(), {twice}).bytes == kMost);
}

TEST_CASE("a lease of nothing makes no claim", "[share]") {
  CHECK(claims(ram(), {lease("a", 0)}).all.empty());
  CHECK(claims(ram("box"), {lease("a", 300, 100)}).all.empty());
}

TEST_CASE("a cgroup's limit concerns the leases in that cgroup", "[share]") {
  // box1/job and box2 below one parent
  const std::vector<LiveLease> live = {
      lease("a", 100, 30, {"job", "box1", "top"}),
      lease("b", 10, 4, {"box2", "top"}), lease("c", 1)};
  const auto all = claims_on(
      {ram(), ram("top"), ram("box1"), ram("box2"), ram("job"), ram("other")},
      live, {});
  REQUIRE(all.size() == 6);
  const std::uint64_t bytes[] = {111, 110, 100, 10, 100, 0};
  const std::uint64_t used[] = {34, 34, 30, 4, 30, 0};
  for (std::size_t i = 0; i < 6; ++i) {
    CAPTURE(i);
    CHECK(sum(all[i]).bytes == bytes[i]);
    CHECK(sum(all[i]).used == used[i]);
  }
}

TEST_CASE("leases of a GPU count against that GPU", "[share]") {
  LiveLease server = lease("a", 100);
  server.lease.holdings.push_back({Pool::vram, "GPU-1", 4000});
  server.pids = {10, 11};
  const std::vector<DeviceUse> uses = {{"GPU-1", 11, 1500},
                                       {"GPU-1", 10, 500},
                                       {"GPU-1", 99, 7000},
                                       {"GPU-2", 11, 300}};
  const auto all =
      claims_on({{Pool::vram, "GPU-1", ""}, {Pool::vram, "GPU-2", ""}, ram()},
                {server}, {}, uses);
  REQUIRE(all.size() == 3);
  CHECK(all[0] == std::vector<Claim>{{0, 4000, 2000}});  // of its own tree
  CHECK(all[1].empty());
  CHECK(all[2] == std::vector<Claim>{{0, 100, 0}});
  // Where the driver does not tell, all of it is taken for still to come.
  CHECK(claims({Pool::vram, "GPU-1", ""}, {server}).all ==
        std::vector<Claim>{{0, 4000, 0}});
}

TEST_CASE("our own lease does not stand in our way", "[share]") {
  const Viewer me{kUs, "a", 0, {}};
  CHECK(claims(ram(), {lease("a", 300), lease("b", 50)}, me).all ==
        std::vector<Claim>{{1, 50, 0}});
}

TEST_CASE("a launch inside another one's tree draws on its lease", "[share]") {
  // The outer tree uses 100, of which 50 are an inner one's.
  const std::vector<LiveLease> live = {
      lease("outer", 600, 100), inside("outer", lease("in1", 200)),
      inside("outer", lease("in2", 150, 50)), lease("else", 10)};
  // For a stranger: 100 and the larger of 500 and 200 + 100, and 10.
  CHECK(claims(ram(), live).all ==
        std::vector<Claim>{{0, 600, 100}, {3, 10, 0}});
  // For a third one inside: what the outer one uses by itself, its siblings,
  // and 10. The 500 that are still to come are what it draws on.
  const Viewer sibling{kUs, "", 0, {"outer"}};
  CHECK(claims(ram(), live, sibling).all ==
        std::vector<Claim>{{0, 50, 50}, {1, 200, 0}, {2, 150, 50}, {3, 10, 0}});
}

TEST_CASE("inner leases count where they are more than the outer one",
          "[share]") {
  const std::vector<LiveLease> live = {lease("outer", 300, 250),
                                       inside("outer", lease("in1", 200)),
                                       inside("outer", lease("in2", 150, 50))};
  // 200 + 100 are to come, against 50; the outer one uses 200 by itself.
  CHECK(claims(ram(), live).all ==
        std::vector<Claim>{{0, 200, 200}, {1, 200, 0}, {2, 150, 50}});
  // An inner lease in a cgroup of its own counts against its limit.
  std::vector<LiveLease> boxed = live;
  boxed[1].lease.levels = {"box"};
  CHECK(claims(ram("box"), boxed).all == std::vector<Claim>{{1, 200, 0}});
}

TEST_CASE("an inner lease whose outer one has ended stands for itself",
          "[share]") {
  CHECK(claims(ram(), {inside("gone", lease("in", 200))}).bytes == 200);
  // Another user cannot hide in our lease, nor hide us in theirs.
  LiveLease foreign = inside("ours", lease("in", 200));
  foreign.owner = kUs + 1;
  CHECK(claims(ram(), {lease("ours", 300), foreign}).bytes == 500);
}

TEST_CASE("the same id with another owner is another lease", "[share]") {
  LiveLease foreign = lease("a", 300);
  foreign.owner = kUs + 1;
  CHECK(claims(ram(), {foreign}, {kUs, "a", 0, {}}).bytes == 300);
  CHECK(claims(ram(), {foreign}, {kUs, "", 0, {"a"}}).bytes == 300);
  CHECK(claims(ram(), {foreign, lease("a", 10), inside("a", lease("b", 5))})
            .bytes == 310);
}

TEST_CASE("leases that contain one another do no harm", "[share]") {
  CHECK(claims(ram(), {inside("a", lease("a", 100))}).bytes == 100);
  CHECK(claims(ram(), {inside("b", lease("a", 100)),
                       inside("a", lease("b", 100)), lease("c", 50)})
            .bytes == 50);
  std::vector<LiveLease> chain = {lease("0", 1)};
  for (int i = 1; i < 5000; ++i) {
    chain.push_back(lease("", 1));
    chain.back().lease.id = std::to_string(i);
    chain.back().lease.within = std::to_string(i - 1);
  }
  CHECK(claims(ram(), chain).bytes == 1);
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
  CHECK(claims(ram(), live).bytes == 4320);
  CHECK(claims(ram(), live, {kUs, "w2", 200, {}}).bytes == 300);
  CHECK(claims(ram(), live, {kUs, "w1", 100, {}}).bytes == 0);
  CHECK(claims(ram(), live, {kUs, "w3", 300, {}}).bytes == 320);
}

TEST_CASE("a stopped launch holds up nobody, but keeps a lease it has",
          "[share]") {
  LiveLease stopped = waiting("w", 300, 100);
  stopped.state = LeaseState::stopped;
  CHECK(claims(ram(), {stopped}).all.empty());
  LiveLease holder = lease("h", 300);
  holder.state = LeaseState::stopped;
  CHECK(claims(ram(), {holder}).bytes == 300);
}

TEST_CASE("places taken at the same moment are in some order", "[share]") {
  const LiveLease a = waiting("a", 1, 100), b = waiting("b", 1, 100);
  CHECK(waits_ahead(a, {kUs, "b", 100, {}}));
  CHECK_FALSE(waits_ahead(b, {kUs, "a", 100, {}}));
}
