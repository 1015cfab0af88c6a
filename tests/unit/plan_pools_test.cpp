// The decision for one pool, and what becomes of a GPU that has no memory of
// its own.

#include "catch.h"
#include "plan/pools.h"

using namespace fitrun;

namespace {

PoolReading reading(Pool pool, const std::string& name,
                    std::uint64_t available) {
  Constraint c;
  c.name = name;
  c.available = available;
  PoolReading made;
  made.pool = pool;
  made.constraints.push_back(c);
  return made;
}

PoolInput pool_input(Pool pool, double fixed, double per_worker,
                     double headroom, std::uint64_t reserve) {
  PoolInput input;
  input.needs.pool = pool;
  input.needs.headroom = {headroom, std::string(key_of(pool)) + ".headroom"};
  input.needs.reserve = {Bytes{reserve}, "s.toml:1"};
  input.fixed = {fixed, {{fixed, "", std::string(key_of(pool)) + ".fixed"}}};
  input.per_worker = {
      per_worker,
      {{per_worker, "", std::string(key_of(pool)) + ".per_worker"}}};
  return input;
}

PoolInput ram(double headroom = 0.7) {
  PoolInput input = pool_input(Pool::ram, 100, 10, headroom, 7);
  input.reading = reading(Pool::ram, "host.mem_available", 5000);
  return input;
}

// An integrated GPU: what it says of the RAM is less than what the RAM has.
PoolInput integrated(double headroom = 0.7) {
  PoolInput input = pool_input(Pool::vram, 30, 4, headroom, 2);
  Gpu gpu;
  gpu.name = "Iris Xe";
  gpu.memory = GpuMemory::shared;
  gpu.reading = reading(Pool::ram, "drm.shared", 4000);
  input.gpus = {gpu};
  return input;
}

PoolInput joined(PoolInput first, PoolInput second) {
  std::vector<PoolInput> pools =
      join_unified({std::move(first), std::move(second)});
  REQUIRE(pools.size() == 1);
  CHECK(pools[0].needs.pool == Pool::ram);
  CHECK(pools[0].reading.pool == Pool::ram);
  CHECK(pools[0].gpus.empty());
  return pools[0];
}

}  // namespace

TEST_CASE("a GPU that uses the RAM adds its costs to those of RAM", "[pools]") {
  const PoolInput made = joined(ram(), integrated());
  CHECK(made.fixed.bytes == 130);
  REQUIRE(made.fixed.items.size() == 2);
  CHECK(made.fixed.items[1].origin == "vram.fixed");
  CHECK(made.per_worker.bytes == 14);
  REQUIRE(made.per_worker.items.size() == 2);
  CHECK(made.per_worker.items[1].origin == "vram.per_worker");
  CHECK(made.needs.reserve.value == Bytes{9});
}

TEST_CASE("of two headrooms in one memory the smaller holds", "[pools]") {
  CHECK(joined(ram(0.7), integrated(0.5)).needs.headroom.value == 0.5);
  CHECK(joined(ram(0.7), integrated(0.5)).needs.headroom.origin ==
        "vram.headroom");
  CHECK(joined(ram(0.6), integrated(0.9)).needs.headroom.value == 0.6);
  CHECK(joined(ram(0.6), integrated(0.9)).needs.headroom.origin ==
        "ram.headroom");
}

TEST_CASE("what the user says of the RAM outlives a GPU that uses it",
          "[pools]") {
  const auto source = [](const PoolInput& input) {
    return input.reading.constraints.at(0).name;
  };
  CHECK(source(joined(ram(), integrated())) == "drm.shared");

  PoolInput given = ram();
  given.needs.available = {Bytes{5000}, "--available"};
  given.reading = reading(Pool::ram, "given", 5000);
  CHECK(source(joined(given, integrated())) == "given");

  PoolInput asked = ram();
  asked.needs.probe = {"./free"};
  asked.reading = reading(Pool::ram, "custom.probe", 5000);
  CHECK(source(joined(asked, integrated())) == "custom.probe");
}

TEST_CASE("a GPU that uses the RAM is a pool of RAM where nothing else is",
          "[pools]") {
  const std::vector<PoolInput> made = join_unified({integrated()});
  REQUIRE(made.size() == 1);
  CHECK(made[0].needs.pool == Pool::ram);
  CHECK(made[0].fixed.bytes == 30);
  REQUIRE(made[0].reading.diagnostics.size() == 1);
  CHECK(
      made[0].reading.diagnostics[0] ==
      "Iris Xe takes its memory from the RAM: the costs in both are added up");
}

TEST_CASE("a GPU with memory of its own stays a pool", "[pools]") {
  PoolInput own = integrated();
  own.gpus[0].memory = GpuMemory::own;
  CHECK(join_unified({ram(), own}).size() == 2);
}
