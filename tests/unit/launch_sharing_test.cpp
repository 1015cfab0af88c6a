// What a launch sets aside, and what it needs before it can start.

#include "catch.h"
#include "launch/sharing.h"

using namespace fitrun;

namespace {

// 100 + 600 n bytes, of which three fit into 0.7 * 3000 - 70 = 2030.
Plan plan() {
  PoolInput pool;
  pool.needs.headroom = {0.7, "default"};
  pool.needs.reserve = {Bytes{70}, "s.toml:2"};
  pool.fixed = {100, {{100, "", "s.toml:3"}}};
  pool.per_worker = {600, {{600, "", "s.toml:4"}}};
  Constraint c;
  c.name = "host.mem_available";
  c.available = 3000;
  pool.reading.constraints = {c};
  return make_plan({}, {{8, "--want"}, {pool}, {}, {}, {"x", "<threads>"}})
      .value();
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
  // (100 + 600 + 70) / 0.7
  CHECK(bytes(place_request(plan())) == 1100);
}
