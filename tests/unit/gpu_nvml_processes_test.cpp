// What NVML tells of single processes, through its fake.

#include "catch.h"
#include "gpu/nvidia.h"
#include "gpu/vram.h"
#include "machine_dir.h"

using namespace fitrun;

namespace {

const std::map<std::string, std::string> kVariables{
    {"FITRUN_NVML", std::string(FITRUN_TEST_FAKES) + "/libnvidia-ml.so.1"},
    {"FITRUN_CUDA", "/nowhere/libcuda.so.1"}};

GpuListing gpus(const std::string& devices, const std::string& instances,
                const std::string& asked) {
  const SetVariable set_devices("FAKE_NVML_GPUS", devices);
  const SetVariable set_instances("FAKE_NVML_MIG", instances);
  const MachineDir dir;
  const Host host(dir.root());
  const Environment environment(kVariables);
  probe::Self self(host, environment);
  return probe::nvml_gpus({self, std::chrono::seconds(20), nullptr, {asked}});
}

// What a device with these lists tells, if `asked` are asked for.
std::string processes(const std::string& lists,
                      const std::string& asked = "GPU-a") {
  const GpuListing listing =
      gpus("uuid=GPU-a,name=A,pci=00000000:01:00.0,total=900,free=400," + lists,
           "", asked);
  REQUIRE(listing.gpus.size() == 1);
  if (!listing.gpus[0].processes) return "unknown";
  std::string text;
  for (const GpuProcess& process : *listing.gpus[0].processes)
    text +=
        std::to_string(process.pid) + ":" + std::to_string(process.bytes) + " ";
  return text;
}

}  // namespace

TEST_CASE("NVML tells what each process holds", "[nvidia]") {
  CHECK(processes("compute=10:500+11:7") == "10:500 11:7 ");
  CHECK(processes("") == "");
  // One that computes and draws is in both lists with all it has.
  CHECK(processes("compute=10:500,graphics=9:4+10:500") == "9:4 10:500 ");
  // WSL knows the process and not its memory.
  CHECK(processes("compute=10:-+11:7") == "11:7 ");
  CHECK(processes("compute=no") == "unknown");
  CHECK(processes("compute=10:500,graphics=no") == "10:500 ");
}

TEST_CASE("R535 makes the elements of the list larger", "[nvidia]") {
  const SetVariable larger("FAKE_NVML_INFO", "32");
  CHECK(processes("compute=10:500") == "10:500 ");
  CHECK(processes("compute=10:500+11:7") == "10:500 11:7 ");
  CHECK(processes("compute=10:500+11:7+12:0") == "10:500 11:7 12:0 ");
}

TEST_CASE("a list of processes may be long", "[nvidia]") {
  std::string list = "compute=1:1";
  std::string expected = "1:1 ";
  for (int pid = 2; pid <= 300; ++pid) {
    list += "+" + std::to_string(pid) + ":1";
    expected += std::to_string(pid) + ":1 ";
  }
  CHECK(processes(list) == expected);
}

TEST_CASE("only the GPUs that are named are asked for processes", "[nvidia]") {
  CHECK(processes("compute=10:500", "GPU-b") == "unknown");
  CHECK(processes("compute=10:500", kEveryGpu) == "10:500 ");

  const GpuListing listing =
      gpus("uuid=GPU-a,name=A,pci=00000000:01:00.0,mig=1,memory=4",
           "parent=0,slot=0,uuid=MIG-one,gi=1,ci=0,total=9,free=8;"
           "parent=0,slot=3,uuid=MIG-two,gi=2,ci=0,total=19,free=18,"
           "compute=5:1000",
           "MIG-two");
  REQUIRE(listing.gpus.size() == 2);
  CHECK_FALSE(listing.gpus[0].processes);
  REQUIRE(listing.gpus[1].processes);
  CHECK(*listing.gpus[1].processes == std::vector<GpuProcess>{{5, 1000}});
}

TEST_CASE("what some processes hold is the sum over all GPUs", "[nvidia]") {
  const Host host;
  if (!host.sees_all_pids()) return;
  const Environment environment(kVariables);
  probe::Self self(host, environment);
  const SetVariable devices(
      "FAKE_NVML_GPUS",
      "uuid=GPU-a,name=A,pci=00000000:01:00.0,total=900,free=400,"
      "compute=10:500+11:7;"
      "uuid=GPU-b,name=A,pci=00000000:02:00.0,total=900,free=400,"
      "graphics=10:60+12:8");
  CHECK(probe::vram_held(self, {10, 12}) == 568U);
  CHECK(probe::vram_held(self, {13}) == 0U);
  const SetVariable silent("FAKE_NVML_GPUS",
                           "uuid=GPU-a,name=A,total=900,free=400,compute=no");
  CHECK_FALSE(probe::vram_held(self, {10}));
}
