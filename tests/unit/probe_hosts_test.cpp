// Every folder of tests/fixtures/hosts is a machine with the answer that its
// files must give, worked out by hand; README.md there says what the keys mean.

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "probe/cpus.h"
#include "probe/pressure.h"
#include "probe/ram.h"
#include "probe/worker_caps.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

struct Machine {
  std::string folder;
  json expected;
};

std::vector<Machine> machines() {
  std::vector<Machine> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(FITRUN_FIXTURES "/hosts")) {
    if (!entry.is_directory()) continue;
    std::ifstream file(entry.path() / "expected.json");
    found.push_back({entry.path().string(), json::parse(file)});
  }
  return found;
}

Environment environment_of(const json& expected) {
  return Environment(expected["env"].get<std::map<std::string, std::string>>());
}

json as_json(const std::optional<std::uint64_t>& number) {
  return number ? json(*number) : json(nullptr);
}

// Only the keys that the machine's file has.
void check_other_numbers(const json& expected, probe::Self& self) {
  if (expected.contains("cpus")) {
    const auto cpus = probe::cpus(self);
    CHECK(json::array({cpus.value, cpus.origin}) == expected["cpus"]);
  }
  if (expected.contains("worker_cap")) {
    const auto caps = probe::worker_caps(self);
    const WorkerCap* const cap = binding(caps);
    CHECK((cap ? json::array({cap->name, cap->workers}) : json(nullptr)) ==
          expected["worker_cap"]);
  }
  if (expected.contains("pressure")) {
    const auto pressure = probe::pressure(self);
    CHECK((pressure ? json::array({pressure->where, pressure->full_avg10})
                    : json(nullptr)) == expected["pressure"]);
  }
}

void check_constraint(const json& expected, const Constraint& bound) {
  if (expected.contains("where")) CHECK(json(bound.where) == expected["where"]);
  if (expected.contains("title"))
    CHECK(json(title(bound)) == expected["title"]);
  if (expected.contains("exact")) CHECK(json(bound.exact) == expected["exact"]);
  if (expected.contains("limit"))
    CHECK(as_json(bound.limit) == expected["limit"]);
  if (expected.contains("used")) CHECK(as_json(bound.used) == expected["used"]);
  if (expected.contains("reclaimable"))
    CHECK(as_json(bound.reclaimable) == expected["reclaimable"]);
}

}  // namespace

TEST_CASE("every recorded machine gives the answer worked out for it",
          "[probe]") {
  const auto all = machines();
  REQUIRE(all.size() >= 40);
  for (const Machine& machine : all) {
    INFO(machine.folder << ": " << machine.expected["why"]);
    const json& expected = machine.expected;
    const Host host(machine.folder);
    const Environment environment = environment_of(expected);
    probe::Self self(host, environment);
    const PoolReading reading = probe::ram(self);
    const Constraint* const bound = binding(reading);
    REQUIRE(bound);
    CHECK(as_json(bound->available) == expected["available"]);
    CHECK(json(bound->name) == expected["binding"]);
    const auto& cap = reading.per_process_cap;
    CHECK((cap ? json::array({cap->name, cap->bytes}) : json(nullptr)) ==
          expected["per_process_cap"]);
    check_constraint(expected, *bound);
    check_other_numbers(expected, self);
    if (expected.contains("diagnostics")) {
      std::string text;
      for (const auto& line : reading.diagnostics) text += line + "\n";
      if (expected["diagnostics"].empty()) CHECK(text == "");
      for (const std::string part : expected["diagnostics"])
        CHECK_THAT(text, ContainsSubstring(part));
    }
  }
}
