// Intel's GPUs from the files of a made-up machine, and the kernel's binary
// replies, laid out by hand after i915_drm.h and xe_drm.h.

#include "catch.h"
#include "gpu/intel.h"
#include "machine_dir.h"

using namespace fitrun;
using namespace std::chrono_literals;
using Outcome = GpuListing::Outcome;

namespace {

template <typename N>
void put(std::string& bytes, N n) {
  for (std::size_t i = 0; i < sizeof n; ++i)
    bytes += static_cast<char>(static_cast<std::uint64_t>(n) >> (8 * i) & 0xff);
}

// Class, instance, reserved, probed, unallocated, eight more.
std::string i915_region(std::uint16_t memory_class, std::uint64_t probed,
                        std::uint64_t unallocated) {
  std::string bytes;
  put(bytes, memory_class);
  put(bytes, std::uint16_t{0});
  put(bytes, std::uint32_t{0});
  put(bytes, probed);
  put(bytes, unallocated);
  return bytes + std::string(64, '\0');
}

// Class, instance, page size, total, used, visible size and used, six more.
std::string xe_region(std::uint16_t memory_class, std::uint64_t total,
                      std::uint64_t used) {
  std::string bytes;
  put(bytes, memory_class);
  put(bytes, std::uint16_t{0});
  put(bytes, std::uint32_t{65536});
  put(bytes, total);
  put(bytes, used);
  return bytes + std::string(64, '\0');
}

std::string i915_reply(std::uint32_t count, const std::string& regions) {
  std::string bytes;
  put(bytes, count);
  return bytes + std::string(12, '\0') + regions;
}

std::string xe_reply(std::uint32_t count, const std::string& regions) {
  std::string bytes;
  put(bytes, count);
  return bytes + std::string(4, '\0') + regions;
}

struct Machine {
  MachineDir dir;
  std::map<std::string, std::string> variables;

  explicit Machine(const std::string& capabilities = "0000000000000000") {
    dir.file("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 600 kB\n")
        .file("/proc/self/status", "CapEff:\t" + capabilities + "\n");
  }
  Machine& card(unsigned n, const std::string& address,
                const std::string& driver) {
    const std::string folder =
        "/sys/class/drm/card" + std::to_string(n) + "/device";
    const std::string render = "renderD" + std::to_string(128 + n);
    dir.file(folder + "/uevent",
             "DRIVER=" + driver +
                 "\nPCI_ID=8086:56A0\nPCI_SLOT_NAME=" + address + "\n")
        .file(folder + "/drm/" + render + "/dev", "226:128\n")
        .file("/dev/dri/" + render, "");
    return *this;
  }
  GpuListing list() const {
    const Host host(dir.root());
    const Environment environment(variables);
    probe::Self self(host, environment);
    return probe::intel_gpus({self, 20s, nullptr}, probe::drm_cards(host));
  }
};

}  // namespace

TEST_CASE("the replies of Intel's drivers are read", "[intel]") {
  const auto i915 = parse_i915_regions(
      i915_reply(2, i915_region(0, 900, 800) + i915_region(1, 500, 300)));
  REQUIRE(i915);
  CHECK(i915->total == 500);
  CHECK(i915->free == 300);
  const auto xe = parse_xe_regions(xe_reply(
      3,
      xe_region(0, 900, 1) + xe_region(1, 500, 100) + xe_region(1, 600, 400)));
  REQUIRE(xe);
  CHECK(xe->total == 600);
  CHECK(xe->free == 200);
  // never more than there is, never below 0
  CHECK(parse_i915_regions(i915_reply(1, i915_region(1, 500, 900)))->free ==
        500);
  CHECK(parse_xe_regions(xe_reply(1, xe_region(1, 500, 900)))->free == 0);
}

TEST_CASE("a reply without local memory is no answer", "[intel]") {
  const std::uint64_t unknown = ~std::uint64_t{0};
  CHECK_FALSE(parse_i915_regions(i915_reply(1, i915_region(0, 900, 800))));
  CHECK_FALSE(parse_i915_regions(i915_reply(1, i915_region(1, 900, unknown))));
  CHECK_FALSE(parse_i915_regions(i915_reply(2, i915_region(1, 900, 800))));
  CHECK_FALSE(parse_i915_regions(""));
  CHECK_FALSE(parse_xe_regions(xe_reply(1, xe_region(0, 900, 800))));
  CHECK_FALSE(parse_xe_regions(xe_reply(4000000000U, xe_region(1, 9, 8))));
  CHECK_FALSE(parse_xe_regions("abc"));
}

TEST_CASE("an unprivileged program gets no answer for a discrete card",
          "[intel]") {
  Machine machine;
  machine.card(0, "0000:00:02.0", "i915").card(1, "0000:03:00.0", "xe");
  const GpuListing listing = machine.list();
  CHECK(listing.outcome == Outcome::silent);
  CHECK(listing.why ==
        "the kernel hides used memory of card1 (0000:03:00.0) from "
        "unprivileged programs (needs CAP_PERFMON)");
  CHECK(listing.advice ==
        "run 'setcap cap_perfmon+ep' on fitrun, or give the free memory with "
        "--available vram=SIZE");
  // the integrated GPU is not taken in its place
  CHECK(listing.one_process.empty());
  REQUIRE(listing.gpus.size() == 2);
  CHECK_FALSE(listing.gpus[1].skipped.empty());
}

TEST_CASE("CAP_PERFMON or CAP_SYS_ADMIN makes the kernel speak", "[intel]") {
  // bit 38, bit 21, and neighbours of both
  for (const char* capabilities : {"0000004000000000", "0000000000200000"}) {
    Machine machine(capabilities);
    machine.card(1, "0000:03:00.0", "xe");
    const GpuListing listing = machine.list();
    CHECK(listing.outcome == Outcome::answered);
    // The render node here is a plain file, which answers no query.
    CHECK(listing.gpus.at(0).problem ==
          "card1 (0000:03:00.0) does not report memory");
  }
  Machine machine("0000002000400000");
  machine.card(1, "0000:03:00.0", "xe");
  CHECK(machine.list().outcome == Outcome::silent);
}

TEST_CASE("an integrated GPU takes from the RAM", "[intel]") {
  Machine machine;
  machine.card(0, "0000:00:02.0", "i915");
  const GpuListing listing = machine.list();
  REQUIRE(listing.outcome == Outcome::answered);
  const Gpu& gpu = listing.gpus[0];
  CHECK(gpu.memory == GpuMemory::shared);
  CHECK(gpu.vendor == GpuVendor::intel);
  CHECK(gpu.number == 0U);
  REQUIRE(binding(gpu.reading));
  CHECK(*binding(gpu.reading)->available == 600U * 1024);
  std::filesystem::remove(machine.dir.root() + "/dev/dri/renderD128");
  CHECK(machine.list().why ==
        "card0 (0000:00:02.0): /dev/dri/renderD128: No such file or directory");
  CHECK(Machine().list().why == "no card");
}

TEST_CASE("an integrated GPU that may not be used hides no other", "[intel]") {
  Machine machine("0000004000000000");
  machine.card(0, "0000:00:02.0", "i915").card(1, "0000:03:00.0", "xe");
  std::filesystem::remove(machine.dir.root() + "/dev/dri/renderD128");
  const GpuListing listing = machine.list();
  REQUIRE(listing.one_process.size() == 1);
  CHECK(listing.gpus[listing.one_process[0]].address == "0000:03:00.0");
}

TEST_CASE("discrete cards come first, and the mask counts them", "[intel]") {
  Machine machine("0000004000000000");
  machine.card(0, "0000:00:02.0", "i915")
      .card(1, "0000:07:00.0", "xe")
      .card(2, "0000:03:00.0", "xe");
  const auto seen = [&] {
    std::string text;
    const GpuListing listing = machine.list();
    for (const std::size_t i : listing.one_process)
      text += listing.gpus[i].address + " ";
    return text;
  };
  CHECK(seen() == "0000:03:00.0 0000:07:00.0 0000:00:02.0 ");
  machine.variables["ZE_AFFINITY_MASK"] = "1";
  CHECK(seen() == "0000:07:00.0 ");
  CHECK(machine.list().gpus[0].skipped == "not in ZE_AFFINITY_MASK");
  CHECK(machine.list().gpus[1].runtime_index == 1U);
  machine.variables["ZE_AFFINITY_MASK"] = "9";
  CHECK(machine.list().why == "ZE_AFFINITY_MASK=9 shows no GPU");
  machine.variables["ZE_AFFINITY_MASK"] = "0.1";
  CHECK(machine.list().unclear ==
        "ZE_AFFINITY_MASK=0.1 is not a list of plain numbers: name the GPU by "
        "its address (devices)");
}
