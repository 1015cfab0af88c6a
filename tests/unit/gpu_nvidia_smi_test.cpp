#include <sys/stat.h>

#include "catch.h"
#include "gpu/nvidia_smi.h"
#include "gpu/nvml_abi.h"
#include "machine_dir.h"

using namespace fitrun;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Outcome = GpuListing::Outcome;

namespace {

constexpr std::uint64_t kMib = 1U << 20;

// A machine on whose PATH is an nvidia-smi of this text.
struct Fake {
  MachineDir dir;
  SetVariable path;
  std::map<std::string, std::string> variables;

  explicit Fake(const std::string& script)
      : path("PATH", dir.root() + "/bin:" + std::getenv("PATH")) {
    dir.file("/bin/nvidia-smi", "#!/bin/sh\n" + script + "\n");
    ::chmod((dir.root() + "/bin/nvidia-smi").c_str(), 0755);
  }
  GpuListing list() const {
    const Host host(dir.root());
    const Environment environment(variables);
    probe::Self self(host, environment);
    return probe::nvidia_smi_gpus({self, 20s, nullptr});
  }
};

constexpr const char* kTwo =
    "echo '0, GPU-a, 00000000:01:00.0, NVIDIA A100, 81920, 40960'\n"
    "echo '1, GPU-b, 00000000:41:00.0, NVIDIA A100, 81920, 512'";

}  // namespace

TEST_CASE("nvidia-smi's lines are split from both ends", "[nvidia_smi]") {
  const auto report = parse_nvidia_smi(
      "0, GPU-a, 00000000:01:00.0, NVIDIA A100, 80GB, PCIe, 81920, 40960\n"
      "\n"
      "1,GPU-b,00000000:41:00.0,Tesla T4,15360,15109\n");
  REQUIRE(report);
  REQUIRE(report->devices.size() == 2);
  CHECK(report->devices[0].name == "NVIDIA A100, 80GB, PCIe");
  CHECK(report->devices[0].uuid == "GPU-a");
  CHECK(report->devices[0].address == "0000:01:00.0");
  CHECK(report->devices[0].memory.total == 81920 * kMib);
  CHECK(report->devices[0].memory.free == 40960 * kMib);
  CHECK(report->devices[1].name == "Tesla T4");
  CHECK(report->devices[1].memory.free == 15109 * kMib);
}

TEST_CASE("a word in the place of a number is no number", "[nvidia_smi]") {
  const auto status = [](const std::string& total, const std::string& free) {
    const auto report =
        parse_nvidia_smi("0, GPU-a, 0:1:0.0, A100, " + total + ", " + free);
    REQUIRE(report);
    CHECK(report->devices.at(0).memory.free == 0);
    return report->devices.at(0).memory.status;
  };
  CHECK(status("[N/A]", "[N/A]") == nvml::not_supported);
  CHECK(status("[Not Supported]", "5") == nvml::not_supported);
  CHECK(status("81920", "[Insufficient Permissions]") == nvml::no_permission);
  CHECK(status("81920", "[Unknown Error]") == nvml::unknown);
  CHECK(status("ERR!", "ERR!") == nvml::unknown);
  CHECK(status("81920", "[GPU is lost]") == nvml::gpu_is_lost);
  CHECK(status("81920", "12 MiB") == nvml::not_supported);
  CHECK(status("81920", "-1") == nvml::not_supported);
  CHECK(status("81920", "99999999999999999") == nvml::not_supported);
}

TEST_CASE("what is not nvidia-smi's is not understood", "[nvidia_smi]") {
  CHECK(parse_nvidia_smi("No devices were found\n").error().message ==
        "nvidia-smi: not understood: \"No devices were found\"");
  CHECK_FALSE(parse_nvidia_smi("0, GPU-a, 0:1:0.0, 81920, 40960"));
  CHECK(parse_nvidia_smi("")->devices.empty());
}

TEST_CASE("nvidia-smi is found on PATH, and the list is applied",
          "[nvidia_smi]") {
  Fake fake(kTwo);
  GpuListing listing = fake.list();
  REQUIRE(listing.outcome == Outcome::answered);
  CHECK(listing.one_process.size() == 2);
  CHECK(listing.gpus[0].source == "nvidia-smi");
  CHECK(listing.gpus[0].free == 40960 * kMib);
  fake.variables["CUDA_VISIBLE_DEVICES"] = "1";
  listing = fake.list();
  REQUIRE(listing.one_process.size() == 1);
  CHECK(listing.gpus[listing.one_process[0]].uuid == "GPU-b");
}

TEST_CASE("nvidia-smi is asked for bytes that it can give", "[nvidia_smi]") {
  const GpuListing listing =
      Fake("echo \"0, GPU-a, 0:1:0.0, $*, 3, 2\"").list();
  CHECK(listing.gpus.at(0).name ==
        "--query-gpu=index,uuid,pci.bus_id,name,memory.total,memory.free "
        "--format=csv,noheader,nounits");
}

TEST_CASE("an nvidia-smi that fails says why on stdout", "[nvidia_smi]") {
  const GpuListing listing =
      Fake(
          "echo 'NVIDIA-SMI has failed because of the driver.'\n"
          "echo more\nexit 9")
          .list();
  CHECK(listing.outcome == Outcome::silent);
  CHECK(listing.why ==
        "it ended with status 9: \"NVIDIA-SMI has failed because of the "
        "driver.\"");
  CHECK(Fake("exit 3").list().why == "it ended with status 3");
}

TEST_CASE("no nvidia-smi is no answer", "[nvidia_smi]") {
  Fake fake("");
  fake.variables["FITRUN_NVIDIA_SMI"] = "no-such-nvidia-smi";
  CHECK(fake.list().why == "not found");
}

TEST_CASE("the GPU that started it: MIG mode", "[nvidia_smi]") {
  const GpuListing listing =
      Fake(
          "echo '0, GPU-a, 0:1:0.0, A100, 81920, [Insufficient "
          "Permissions]'")
          .list();
  CHECK(listing.gpus.at(0).problem ==
        "no permission to read the memory of GPU GPU-a");
}
