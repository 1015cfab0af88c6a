// AMD's GPUs from the files of a made-up machine.

#include <sys/stat.h>
#include <unistd.h>

#include "catch.h"
#include "gpu/amdgpu.h"
#include "machine_dir.h"

using namespace fitrun;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Outcome = GpuListing::Outcome;

namespace {

constexpr std::uint64_t kGib = 1ULL << 30;

std::string text(std::uint64_t n) {
  return std::to_string(n) + "\n";
}

struct Machine {
  MachineDir dir;
  std::map<std::string, std::string> variables;

  Machine() {
    dir.file("/proc/meminfo",
             "MemTotal: 67108864 kB\nMemAvailable: 33554432 kB\n");
    dir.file("/dev/kfd", "");
  }

  // A discrete card at 0000:`bus`:00.0.
  Machine& card(unsigned n, const std::string& bus, std::uint64_t total,
                std::uint64_t used) {
    const std::string folder =
        "/sys/class/drm/card" + std::to_string(n) + "/device";
    const std::string render = "renderD" + std::to_string(128 + n);
    dir.file(folder + "/uevent",
             "DRIVER=amdgpu\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:" + bus +
                 ":00.0\n")
        .file(folder + "/mem_info_vram_total", text(total))
        .file(folder + "/mem_info_vram_used", text(used))
        .file(folder + "/mem_info_vram_vendor", "samsung\n")
        .file(folder + "/drm/" + render + "/dev", "226:128\n")
        .file("/dev/dri/" + render, "");
    return *this;
  }
  Machine& apu(std::uint64_t vram, std::uint64_t used, std::uint64_t gtt,
               std::uint64_t gtt_used) {
    card(0, "c1", vram, used);
    const std::string folder = dir.root() + "/sys/class/drm/card0/device";
    std::filesystem::remove(folder + "/mem_info_vram_vendor");
    dir.file("/sys/class/drm/card0/device/mem_info_gtt_total", text(gtt))
        .file("/sys/class/drm/card0/device/mem_info_gtt_used", text(gtt_used));
    return *this;
  }
  Machine& node(unsigned n, unsigned render, const std::string& unique = "0") {
    dir.file("/sys/class/kfd/kfd/topology/nodes/" + std::to_string(n) +
                 "/properties",
             "simd_count 96\nvendor_id 4098\ndevice_id 29772\n"
             "drm_render_minor " +
                 std::to_string(render) + "\nunique_id " + unique + "\n");
    return *this;
  }
  GpuListing list() const {
    const Host host(dir.root());
    const Environment environment(variables);
    probe::Self self(host, environment);
    return probe::amdgpu_gpus({self, 20s, nullptr}, probe::drm_cards(host));
  }
};

// "0000:03:00.0=6" for each device the command sees.
std::string text_of(const GpuListing& listing) {
  std::string out;
  for (const std::size_t i : listing.one_process) {
    const Gpu& gpu = listing.gpus[i];
    const Constraint* const c = binding(gpu.reading);
    if (!out.empty()) out += ' ';
    out +=
        gpu.address + "=" + (c ? std::to_string(*c->available) : gpu.problem);
  }
  return out;
}

}  // namespace

TEST_CASE("cards are found by their driver", "[amdgpu]") {
  Machine machine;
  machine.card(1, "03", 100, 30).card(0, "0a", 200, 250);
  machine.dir.file("/sys/class/drm/card1-DP-1/device/uevent", "DRIVER=amdgpu\n")
      .file("/sys/class/drm/card2/device/uevent",
            "DRIVER=nouveau\nPCI_SLOT_NAME=0000:01:00.0\n")
      .file("/sys/class/drm/renderD128/device/uevent", "DRIVER=amdgpu\n")
      .file("/sys/class/drm/version", "drm 1.1.0 20060810\n");
  const GpuListing listing = machine.list();
  REQUIRE(listing.outcome == Outcome::answered);
  // free = total - used, never below 0
  CHECK(text_of(listing) == "0000:03:00.0=70 0000:0a:00.0=0");
  const Gpu& gpu = listing.gpus[listing.one_process[0]];
  CHECK(gpu.vendor == GpuVendor::amd);
  CHECK(gpu.name == "AMD GPU 1002:744C");
  CHECK(gpu.source == "amdgpu");
  CHECK(gpu.total == 100U);
  CHECK(gpu.free == 70U);
  CHECK(gpu.memory == GpuMemory::own);
  CHECK(gpu.reading.constraints[0].name == "amdgpu.vram");
  CHECK(gpu.reading.constraints[0].used == 30U);
  CHECK(listing.notes.empty());
  CHECK(probe::drm_cards(Host(machine.dir.root())).size() == 3);
  // A card that no driver has taken, and no ROCm: nothing to say of either.
  machine.dir.file("/sys/class/drm/card3/device/uevent", "PCI_ID=1:2\n");
  std::filesystem::remove(machine.dir.root() + "/dev/kfd");
  CHECK(probe::drm_cards(Host(machine.dir.root())).size() == 3);
  CHECK(machine.list().notes.empty());
}

TEST_CASE("no card of AMD's is no answer", "[amdgpu]") {
  const GpuListing listing = Machine().list();
  CHECK(listing.outcome == Outcome::silent);
  CHECK(listing.why == "no card");
}

TEST_CASE("devices are numbered as ROCm's topology does", "[amdgpu]") {
  Machine machine;
  machine.card(0, "03", 100, 10).card(1, "07", 100, 20).card(2, "0b", 100, 30);
  machine.node(2, 130, "16045690984833335023").node(10, 128).node(3, 129);
  // a CPU
  machine.dir
      .file("/sys/class/kfd/kfd/topology/nodes/0/properties",
            "cpu_cores_count 16\ndevice_id 0\ndrm_render_minor 0\n")
      .file("/sys/class/kfd/kfd/topology/nodes/1/properties",
            "device_id 7\ndrm_render_minor 0\n");
  const GpuListing listing = machine.list();
  CHECK(text_of(listing) == "0000:0b:00.0=70 0000:07:00.0=80 0000:03:00.0=90");
  CHECK(listing.gpus[listing.one_process[0]].uuid == "GPU-deadbeefdeadbeef");
  CHECK(listing.notes.empty());
  machine.variables["ROCR_VISIBLE_DEVICES"] = "1,GPU-DEAD";
  CHECK(text_of(machine.list()) == "0000:07:00.0=80 0000:0b:00.0=70");
  machine.variables["HIP_VISIBLE_DEVICES"] = "1";
  CHECK(text_of(machine.list()) == "0000:0b:00.0=70");
  machine.variables["HIP_VISIBLE_DEVICES"] = "2";
  const GpuListing none = machine.list();
  CHECK(none.outcome == Outcome::silent);
  CHECK_THAT(none.why,
             ContainsSubstring("HIP_VISIBLE_DEVICES=2: \"2\" is not"));
  for (const Gpu& gpu : none.gpus)
    CHECK(gpu.skipped == "not among ROCm's visible devices");
}

TEST_CASE("a card that ROCm does not know takes no number", "[amdgpu]") {
  Machine machine;
  machine.card(0, "03", 100, 10).card(1, "07", 100, 20).node(1, 129);
  const GpuListing listing = machine.list();
  CHECK(text_of(listing) == "0000:07:00.0=80");
  CHECK(listing.gpus[1].skipped == "unknown to ROCm (/sys/class/kfd)");
  machine.node(2, 128).node(3, 140);
  CHECK_THAT(machine.list().notes.at(0),
             ContainsSubstring("more devices than there are cards"));
}

TEST_CASE("the unique id in sysfs is the card's UUID", "[amdgpu]") {
  Machine machine;
  machine.card(0, "03", 100, 10);
  const auto uuid = [&](const std::string& id) {
    machine.dir.file("/sys/class/drm/card0/device/unique_id", id + "\n");
    return machine.list().gpus[0].uuid;
  };
  CHECK(uuid("8f3a1b2c4d5e6f70") == "GPU-8f3a1b2c4d5e6f70");
  CHECK(uuid("1b2c") == "GPU-0000000000001b2c");
  CHECK(uuid("0") == "");
  CHECK(uuid("none") == "");
}

TEST_CASE("a card counts only if its render node can be opened", "[amdgpu]") {
  Machine machine;
  machine.card(1, "03", 100, 30);
  std::filesystem::remove(machine.dir.root() + "/dev/dri/renderD129");
  const GpuListing missing = machine.list();
  CHECK(missing.outcome == Outcome::silent);
  CHECK(missing.why ==
        "card1 (0000:03:00.0) has no usable /dev/dri/renderD129: No such file "
        "or directory");
  CHECK(missing.advice == "");
  // Another card can: it is device 0.
  machine.card(2, "04", 100, 40).node(1, 129).node(2, 130);
  CHECK(text_of(machine.list()) == "0000:04:00.0=60");
}

TEST_CASE("a card without permission says what to do", "[amdgpu]") {
  Machine machine;
  machine.card(1, "03", 100, 30).node(1, 129);
  const std::string& root = machine.dir.root();
  // To read is not enough.
  REQUIRE(::chmod((root + "/dev/dri/renderD129").c_str(), 0444) == 0);
  REQUIRE(::chmod((root + "/dev/kfd").c_str(), 0) == 0);
  REQUIRE(::chmod(root.c_str(), 0755) == 0);
  const uid_t user = ::geteuid();
  if (user == 0) REQUIRE(::seteuid(65534) == 0);
  const GpuListing listing = machine.list();
  if (user == 0) REQUIRE(::seteuid(0) == 0);
  CHECK(listing.why ==
        "card1 (0000:03:00.0) has no usable /dev/dri/renderD129: Permission "
        "denied");
  CHECK(listing.advice == "join the render group");
  CHECK(listing.notes.at(0) ==
        "/dev/kfd: Permission denied: ROCm programs cannot use the GPU");
}

TEST_CASE("a card that reports no memory is a problem of that card",
          "[amdgpu]") {
  Machine machine;
  machine.card(1, "03", 100, 30);
  machine.dir.file("/sys/class/drm/card1/device/mem_info_vram_used", "N/A\n");
  CHECK(text_of(machine.list()) ==
        "0000:03:00.0=card1 (0000:03:00.0) does not report memory");
}

TEST_CASE("an APU gives the larger of VRAM and GTT", "[amdgpu]") {
  const auto gpu = [](const Machine& machine) {
    return machine.list().gpus.at(0);
  };
  // 0.5 GiB of VRAM; GTT has 47 GiB left, the RAM 32
  const Gpu small = gpu(Machine().apu(kGib / 2, 0, 48 * kGib, kGib));
  CHECK(small.memory == GpuMemory::shared);
  REQUIRE(binding(small.reading));
  CHECK(binding(small.reading)->name == "host.mem_available");
  CHECK(*binding(small.reading)->available == 32 * kGib);
  CHECK_THAT(small.reading.diagnostics.back(),
             ContainsSubstring("APU: the larger of VRAM 537 MB and GTT "
                               "34.4 GB"));
  // GTT has 20 GiB left
  const Gpu tight = gpu(Machine().apu(kGib / 2, 0, 24 * kGib, 4 * kGib));
  CHECK(tight.memory == GpuMemory::shared);
  CHECK(binding(tight.reading)->name == "amdgpu.gtt");
  CHECK(*binding(tight.reading)->available == 20 * kGib);
  // GTT is used up: what is left of the VRAM is more
  const Gpu full = gpu(Machine().apu(kGib, 0, 16 * kGib, 16 * kGib));
  const Gpu nearly = gpu(Machine().apu(kGib, 0, 16 * kGib, 15 * kGib + 1));
  CHECK(nearly.memory == GpuMemory::own);
  CHECK(full.memory == GpuMemory::own);
  CHECK(*binding(full.reading)->available == kGib);
}

TEST_CASE("an APU is told by what it lacks", "[amdgpu]") {
  const AmdMemory apu{kGib / 2, 0, 16 * kGib, 0, AmdMemory::Board::unknown};
  CHECK(is_apu(apu));
  AmdMemory other = apu;
  other.board = AmdMemory::Board::known;
  CHECK_FALSE(is_apu(other));
  other = apu;
  other.vram_total = 4 * kGib;
  CHECK(is_apu(other));
  other.vram_total = 4 * kGib + 1;
  other.gtt_total = 64 * kGib;
  CHECK_FALSE(is_apu(other));
  other = apu;
  other.gtt_total = 8 * kGib - 1;
  CHECK_FALSE(is_apu(other));
  other.vram_total = 3 * kGib;
  other.gtt_total = 11 * kGib;
  CHECK_FALSE(is_apu(other));
  other.gtt_total = 12 * kGib;
  CHECK(is_apu(other));
  other.gtt_total = std::nullopt;
  CHECK_FALSE(is_apu(other));
}
