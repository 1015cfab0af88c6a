// What a launch sets aside, and what it needs before it can start.

#include "catch.h"
#include "launch/sharing.h"

using namespace fitrun;

namespace {

// 100 + 600 n bytes, of which three fit into 0.7 * 3000 - 70 = 2030.
Plan plan(std::uint64_t available = 3000) {
  PoolInput pool;
  pool.needs.headroom = {0.7, "default"};
  pool.needs.reserve = {Bytes{70}, "s.toml:2"};
  pool.fixed = {100, {{100, "", "s.toml:3"}}};
  pool.per_worker = {600, {{600, "", "s.toml:4"}}};
  Constraint c;
  c.name = "host.mem_available";
  c.available = available;
  pool.reading.constraints = {c};
  return make_plan({{}, {"x", "<threads>"}}, {{8, "--want"}, {pool}}).value();
}

std::uint64_t bytes(const LeaseRequest& request) {
  REQUIRE(request.holdings.size() == 1);
  CHECK(request.holdings[0].pool == Pool::ram);
  return request.holdings[0].bytes;
}

}  // namespace

TEST_CASE("a launch sets aside its costs", "[sharing]") {
  const Plan made = plan();
  REQUIRE(made.threads == 3);
  CHECK(bytes(lease_request(made, 3)) == 1900);
  CHECK(bytes(lease_request(made, 1)) == 700);
}

TEST_CASE("a place has room for headroom and reserve beside one worker",
          "[sharing]") {
  // 100 + 600 + 70
  CHECK(bytes(place_request(plan())) == 770);
  // One does not fit yet: and the 0.3 * 1000 that are kept free.
  CHECK(bytes(place_request(plan(1000))) == 1070);
}

namespace {

LiveLease held(std::uint64_t bytes, std::uint64_t used) {
  LiveLease live;
  live.lease.id = "0123456789abcdef";
  live.lease.label = "first";
  live.lease.holder.pid = 42;
  live.lease.holdings = {{Pool::ram, "", bytes}};
  live.used = used;
  return live;
}

Constraint limited(const char* name, std::uint64_t limit,
                   std::uint64_t available) {
  Constraint c;
  c.name = name;
  c.limit = limit;
  c.available = available;
  return c;
}

}  // namespace

TEST_CASE("leases stand beside what is available", "[sharing]") {
  PoolReading reading;
  reading.constraints = {limited("host.mem_available", 1000, 600),
                         limited("env.SLURM_MEM_PER_NODE", 900, 900),
                         limited("given", 500, 500)};
  add_leases(reading, "", {held(300, 250)}, {});
  const Constraint& host = reading.constraints[0];
  CHECK(host.available == 600);
  CHECK(host.used_by_leases == 250);
  REQUIRE(host.leased.size() == 1);
  CHECK(host.leased[0].holder == "first (pid 42)");
  CHECK((host.leased[0].bytes == 300 && host.leased[0].used == 250));
  // A promise that knows no usage is all available: nothing is missing from it.
  CHECK(reading.constraints[1].used_by_leases == 0);
  CHECK(reading.constraints[1].leased.size() == 1);
  CHECK(reading.constraints[2].leased.empty());
}

TEST_CASE("the smallest budget binds, not the least available", "[sharing]") {
  PoolReading reading;
  reading.constraints = {limited("host.mem_available", 1000, 900),
                         limited("cgroup2.memory.max", 800, 800)};
  CHECK(decide_binding(reading, 0.7)->name == "cgroup2.memory.max");
  // 0.7 * 900 - 400 = 230, and 0.7 * 800 = 560
  reading.constraints[0].leased = {{"first (pid 42)", 400, 0}};
  CHECK(decide_binding(reading, 0.7)->name == "host.mem_available");
}
