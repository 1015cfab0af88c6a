// What is written for each scheduler, and that its own reading of the text is
// the amount that was meant.

#include <algorithm>

#include "catch.h"
#include "plan/schedulers.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::uint64_t kMiB = 1U << 20;

const Scheduler& row(std::string_view name) {
  return **scheduler_named(name);
}

std::string text(std::string_view name, const Amounts& amounts) {
  return request_text(row(name), amounts).value();
}

}  // namespace

// 1500 MiB and a byte, for four workers: 1501 MiB, or 376 MiB of each slot.
TEST_CASE("each scheduler is asked in its own words", "[schedulers]") {
  const auto [name, expected] = GENERATE(table<std::string, std::string>({
      {"slurm", "--mem=1501M"},
      {"kubernetes",
       "resources: {requests: {memory: 1501Mi}, limits: {memory: 1501Mi}}"},
      {"docker", "--memory=1501m"},
      {"podman", "--memory=1501m"},
      {"systemd", "MemoryMax=1501M"},
      {"htcondor", "request_memory = 1501"},
      {"gridengine", "-pe smp 4 -l h_vmem=376M"},
      {"lsf", "-R rusage[mem=1501MB/host] -M 1501MB"},
      {"pbs", "-l select=1:ncpus=4:mem=1501mb"},
      {"nomad", "memory = 1501"},
      {"aws-batch", R"({"type": "MEMORY", "value": "1501"})"},
      {"github", "runs-on: ubuntu-slim"},
      {"gitlab", "tags: [saas-linux-small-amd64]"},
  }));
  CAPTURE(name);
  CHECK(text(name, {1500 * kMiB + 1, {}, 4}) == expected);
  // VRAM is nothing that is asked of each.
  const bool asks_vram = !row(name).vram.empty();
  const bool changes = text(name, {1500 * kMiB + 1, kMiB, 4}) != expected;
  CHECK(asks_vram == changes);
}

TEST_CASE("no row is without a test of its text", "[schedulers]") {
  CHECK(schedulers().size() == 13);
}

TEST_CASE("VRAM is asked for where a scheduler knows amounts of it",
          "[schedulers]") {
  const Amounts both{100 * kMiB, 6000 * kMiB - 1, 2};
  CHECK(text("htcondor", both) ==
        "request_memory = 100\nrequest_gpus = 1\ngpus_minimum_memory = 6000");
  CHECK(text("lsf", both) ==
        "-R rusage[mem=100MB/host] -M 100MB -gpu num=1:gmem=6000MB");
  CHECK(text("nomad", both) == R"(memory = 100
device "nvidia/gpu" {
  constraint {
    attribute = "${device.attr.memory}"
    operator  = ">="
    value     = "6000 MiB"
  }
})");
  CHECK(text("slurm", both) == "--mem=100M");
  const Amounts vram{{}, 6000 * kMiB, 2};
  CHECK(text("lsf", vram) == "-gpu num=1:gmem=6000MB");
  CHECK_THAT(request_text(row("slurm"), vram).error().message,
             ContainsSubstring("slurm cannot be asked for an amount of VRAM"));
  CHECK_THAT(request_text(row("github"), vram).error().message,
             ContainsSubstring("github cannot be asked"));
}

// Of 8 GB a job sees 7.
TEST_CASE("a runner is the smallest that is large enough", "[schedulers]") {
  constexpr std::uint64_t kGB = 1'000'000'000;
  CHECK(text("github", {4 * kGB, {}, 1}) == "runs-on: ubuntu-slim");
  CHECK(text("github", {4 * kGB + 1, {}, 1}) == "runs-on: ubuntu-latest");
  CHECK(text("github", {7 * kGB, {}, 1}) == "runs-on: ubuntu-latest");
  CHECK_THAT(text("github", {7 * kGB + 1, {}, 1}),
             ContainsSubstring("16 GB in public repositories"));
  CHECK_THAT(text("github", {16 * kGB, {}, 1}),
             ContainsSubstring("ubuntu-8-core"));
  CHECK_THAT(request_text(row("github"), {256 * kGB, {}, 1}).error().message,
             ContainsSubstring("no hosted runner with 256.0 GB for a job: the "
                               "largest has 256 GB"));
  CHECK(text("gitlab", {7 * kGB, {}, 1}) == "tags: [saas-linux-small-amd64]");
  CHECK(text("gitlab", {15 * kGB, {}, 1}) == "tags: [saas-linux-medium-amd64]");
  CHECK(text("gitlab", {127 * kGB, {}, 1}) ==
        "tags: [saas-linux-2xlarge-amd64]");
  CHECK_FALSE(request_text(row("gitlab"), {128 * kGB, {}, 1}));
  for (const Scheduler& each : schedulers())
    CHECK(std::ranges::is_sorted(each.runners, {}, &HostedRunner::gigabytes));
}

TEST_CASE("what is asked for is never less than what is needed",
          "[schedulers]") {
  for (const Scheduler& each : schedulers()) {
    CAPTURE(each.name);
    for (const std::uint64_t bytes :
         {std::uint64_t{1}, kMiB, 999 * kMiB + 7, std::uint64_t{1} << 50}) {
      for (const std::uint64_t workers : {1, 3, 16}) {
        const std::uint64_t unit =
            !each.runners.empty() ? 1 : kMiB * (each.per_slot ? workers : 1);
        const std::uint64_t asked = rounded_ram(each, bytes, workers);
        CHECK(asked >= bytes);
        CHECK(asked - bytes < unit);
        CHECK(asked % unit == 0);
      }
    }
  }
}

// The API's Quantity: sign, digits with at most three decimals, a suffix. Of
// the suffixes "m" is a thousandth, and "K" is none.
TEST_CASE("a quantity of Kubernetes is whole and in Mi", "[schedulers]") {
  for (const std::uint64_t mib : {1, 16, 1024, 43629, 1 << 30}) {
    const std::string all = text("kubernetes", {mib * kMiB, {}, 1});
    const std::string quantity = std::to_string(mib) + "Mi";
    CHECK(all == "resources: {requests: {memory: " + quantity +
                     "}, limits: {memory: " + quantity + "}}");
  }
}

TEST_CASE("a scheduler that is not known is told, and what is near",
          "[schedulers]") {
  CHECK((*scheduler_named("slurm"))->name == "slurm");
  const auto wrong = scheduler_named("slrum");
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error().message,
             ContainsSubstring("\"slrum\" is no scheduler that is known here: "
                               "slurm, kubernetes, docker,"));
  CHECK_THAT(wrong.error().message, ContainsSubstring("did you mean slurm?"));
  CHECK_FALSE(scheduler_named(""));
}
