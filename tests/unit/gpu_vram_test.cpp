// The whole search for GPUs, on made-up machines with fake drivers.

#include <sys/stat.h>

#include <list>

#include "base/text.h"
#include "catch.h"
#include "gpu/vram.h"
#include "machine_dir.h"
#include "stage/parse.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;
using Processes = VramOptions::Processes;

namespace {

const std::string kFakes = FITRUN_TEST_FAKES;

// As a descriptor says it: "all", or a list between commas.
DeviceChoice devices_of(const std::string& text) {
  std::string value = "\"" + text + "\"";
  if (text != "all" && text != "first") {
    value = "[";
    for (const std::string_view name : split(text, ','))
      value += "\"" + std::string(trim(name)) + "\", ";
    value += "]";
  }
  const Environment environment(std::map<std::string, std::string>{});
  const auto parsed = parse_stage(
      "[vram]\nper_worker = \"1\"\nspread = \"even\"\ndevices = " + value,
      "stage.toml", environment);
  return std::get<Stage>(parsed).pools.at(0).devices;
}

struct Machine {
  MachineDir dir;
  std::map<std::string, std::string> variables;
  std::list<SetVariable> set;
  VramOptions options;

  Machine() {
    dir.file("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 600 kB\n");
  }
  Machine& nvidia(const std::string& gpus) {
    variables["FITRUN_NVML"] = kFakes + "/libnvidia-ml.so.1";
    variables["FITRUN_CUDA"] = "/nowhere/libcuda.so.1";
    set.emplace_back("FAKE_NVML_GPUS", gpus);
    return *this;
  }
  Machine& vulkan(const std::string& gpus) {
    const std::string driver = kFakes + "/fake_vulkan_icd.json";
    variables["FITRUN_VULKAN"] = "libvulkan.so.1";
    set.emplace_back("FAKE_VULKAN_GPUS", gpus);
    set.emplace_back("VK_DRIVER_FILES", driver);
    set.emplace_back("VK_ICD_FILENAMES", driver);
    return *this;
  }
  Machine& nvidia_smi(const std::string& line) {
    dir.file("/bin/smi", "#!/bin/sh\necho '" + line + "'\n");
    ::chmod((dir.root() + "/bin/smi").c_str(), 0755);
    variables["FITRUN_NVIDIA_SMI"] = dir.root() + "/bin/smi";
    return *this;
  }
  Machine& card(const std::string& driver, const std::string& address,
                std::uint64_t total = 0, std::uint64_t used = 0) {
    const std::string folder =
        "/sys/class/drm/card" + address.substr(5, 2) + "/device";
    const std::string render = "renderD1" + address.substr(5, 2);
    dir.file(folder + "/uevent", "DRIVER=" + driver + "\nPCI_ID=1:2\n" +
                                     "PCI_SLOT_NAME=" + address + "\n")
        .file(folder + "/mem_info_vram_total", std::to_string(total))
        .file(folder + "/mem_info_vram_used", std::to_string(used))
        .file(folder + "/drm/" + render + "/dev", "1:2\n")
        .file("/dev/dri/" + render, "");
    return *this;
  }
  Machine& devices(const std::string& text) {
    options.devices = devices_of(text);
    return *this;
  }
  VramReading survey() const {
    const Host host(dir.root());
    const Environment environment(variables);
    probe::Self self(host, environment);
    return probe::survey_gpus(self, options);
  }
};

// "GPU-a=5 GPU-b=6": the GPUs that are used, with what each can give.
std::string used(const VramReading& reading) {
  std::string text;
  for (const std::size_t i : reading.used) {
    const Gpu& gpu = reading.gpus[i];
    const Constraint* const c = binding(gpu.reading);
    if (!text.empty()) text += ' ';
    text += identity(gpu) + "=" + (c ? std::to_string(*c->available) : "?");
  }
  return text;
}

std::string used(const Machine& machine) {
  return used(machine.survey());
}

std::string error(const Machine& machine) {
  const VramReading reading = machine.survey();
  return reading.error ? reading.error->message : "none";
}

std::string skipped(const VramReading& reading, const std::string& id) {
  for (const Gpu& gpu : reading.gpus)
    if (identity(gpu) == id) return gpu.skipped;
  return "no such GPU";
}

constexpr const char* kThree =
    "uuid=GPU-aa1,name=A,pci=00000000:01:00.0,total=100,free=50;"
    "uuid=GPU-aa2,name=A,pci=00000000:02:00.0,total=100,free=60;"
    "uuid=GPU-b,name=A,pci=00000000:03:00.0,total=100,free=70";
constexpr const char* kMany =
    "uuid=GPU-a,name=A,pci=00000000:01:00.0,mig=1;"
    "uuid=GPU-b,name=A,pci=00000000:02:00.0,total=100,free=60";
constexpr const char* kInstances =
    "parent=0,slot=0,uuid=MIG-one,gi=1,ci=0,total=9,free=8;"
    "parent=0,slot=1,uuid=MIG-two,gi=2,ci=0,total=19,free=18";

}  // namespace

TEST_CASE("the first GPU is used unless others are asked for", "[vram]") {
  Machine machine;
  machine.nvidia(kThree);
  const VramReading reading = machine.survey();
  CHECK(used(reading) == "GPU-aa1=50");
  CHECK_FALSE(reading.error);
  CHECK(reading.gpus.size() == 3);
  CHECK(skipped(reading, "GPU-aa1") == "");
  CHECK(skipped(reading, "GPU-b") ==
        "only the first is used (devices = \"first\")");
  CHECK(used(machine.devices("all")) == "GPU-aa1=50 GPU-aa2=60 GPU-b=70");
  machine.variables["CUDA_VISIBLE_DEVICES"] = "2,0";
  CHECK(used(machine.devices("all")) == "GPU-b=70 GPU-aa1=50");
  CHECK(used(machine.devices("first")) == "GPU-b=70");
}

TEST_CASE("GPUs are selected by number, UUID and address", "[vram]") {
  Machine machine;
  machine.nvidia(kThree);
  CHECK(used(machine.devices("2,0")) == "GPU-b=70 GPU-aa1=50");
  CHECK(used(machine.devices("GPU-B")) == "GPU-b=70");
  CHECK(used(machine.devices("gpu-aa2, 0000:01:00.0")) ==
        "GPU-aa2=60 GPU-aa1=50");
  CHECK(used(machine.devices("02:00.0")) == "GPU-aa2=60");
  CHECK(skipped(machine.devices("2").survey(), "GPU-aa1") == "not in devices");
  CHECK(error(machine.devices("3")) ==
        "devices: \"3\" is not a GPU that the command sees: it sees 0 "
        "(GPU-aa1), 1 (GPU-aa2), 2 (GPU-b)");
  CHECK(error(machine.devices("GPU-aa")) ==
        "devices: \"GPU-aa\" fits several GPUs");
  CHECK(error(machine.devices("1,GPU-aa2")) ==
        "devices: \"GPU-aa2\" is repeated");
  CHECK_THAT(error(machine.devices("")),
             ContainsSubstring("devices: \"\" is not a GPU"));
  // numbers are the command's
  machine.variables["CUDA_VISIBLE_DEVICES"] = "2";
  CHECK(used(machine.devices("0")) == "GPU-b=70");
  CHECK(error(machine.devices("GPU-aa2")) ==
        "devices: \"GPU-aa2\" cannot be used: not in CUDA_VISIBLE_DEVICES");
}

TEST_CASE("a broken GPU is refused where it would be used", "[vram]") {
  Machine machine;
  machine.nvidia(
      "uuid=GPU-a,name=A,pci=00000000:01:00.0,total=100,free=50;"
      "uuid=GPU-b,name=A,pci=00000000:02:00.0,memory=15");
  CHECK(used(machine) == "GPU-a=50");
  CHECK(skipped(machine.survey(), "GPU-b") ==
        "GPU GPU-b is lost (it fell off the bus)");
  CHECK(error(machine.devices("all")) ==
        "GPU GPU-b is lost (it fell off the bus)");
  machine.options.broken = VramOptions::Broken::skip;
  CHECK(used(machine) == "GPU-a=50");
  // none is left
  CHECK(error(machine.devices("1")) ==
        "GPU GPU-b is lost (it fell off the bus)");
}

TEST_CASE("several processes can have a MIG instance each", "[vram]") {
  Machine machine;
  machine.nvidia(kMany).set.emplace_back("FAKE_NVML_MIG", kInstances);
  CHECK(used(machine.devices("all")) == "MIG-one=8");
  CHECK(error(machine.devices("MIG-two")) ==
        "devices: \"MIG-two\" cannot be used: a process sees one MIG instance, "
        "and no GPU beside it");
  machine.options.processes = Processes::one_per_gpu;
  CHECK(used(machine.devices("all")) == "MIG-one=8 MIG-two=18 GPU-b=60");
  CHECK(used(machine.devices("MIG-two")) == "MIG-two=18");
  CHECK(skipped(machine.devices("all").survey(), "MIG-two") == "");
}

TEST_CASE("without any GPU every source says why", "[vram]") {
  Machine machine;
  machine.variables["FITRUN_NVML"] = "libnone-ml.so.1";
  machine.variables["FITRUN_VULKAN"] = "libnone-vulkan.so.1";
  machine.variables["FITRUN_NVIDIA_SMI"] = "no-such-nvidia-smi";
  CHECK(error(machine) ==
        "no GPU memory source: NVML: libnone-ml.so.1: cannot open shared "
        "object file: No such file or directory; amdgpu: no card; Intel: no "
        "card; Vulkan: libnone-vulkan.so.1: cannot open shared object file: "
        "No such file or directory; nvidia-smi: not found\n"
        "give the free memory yourself (--available vram=20GiB) or a command "
        "that prints it ([vram] probe = [...])");
  const Host host(machine.dir.root());
  const Environment environment(machine.variables);
  probe::Self self(host, environment);
  const auto reading = probe::vram(self, machine.options);
  REQUIRE_FALSE(reading);
  CHECK(reading.error().message == error(machine));
}

TEST_CASE("the advice of every source is passed on", "[vram]") {
  Machine machine;
  machine.variables["FITRUN_NVML"] = "libnone-ml.so.1";
  machine.dir.file("/proc/driver/nvidia/version", "x").file("/.dockerenv", "");
  machine.card("xe", "0000:07:00.0");
  const std::string text = error(machine);
  CHECK_THAT(text,
             ContainsSubstring("\nstart it with NVIDIA_DRIVER_CAPABILITIES="));
  CHECK_THAT(text, ContainsSubstring("\nrun 'setcap cap_perfmon+ep'"));
  const VramReading reading = machine.survey();
  REQUIRE(reading.gpus.size() == 1);
  CHECK_THAT(reading.gpus[0].skipped, ContainsSubstring("CAP_PERFMON"));
}

TEST_CASE("a described machine's libraries are not this one's", "[vram]") {
  CHECK(error(Machine()) ==
        "no GPU memory source: NVML: not asked: this is not the machine that "
        "runs; amdgpu: no card; Intel: no card; Vulkan: not asked: this is not "
        "the machine that runs; nvidia-smi: not asked: this is not the machine "
        "that runs\n"
        "give the free memory yourself (--available vram=20GiB) or a command "
        "that prints it ([vram] probe = [...])");
}

TEST_CASE("a broken driver ends the search", "[vram]") {
  Machine machine;
  machine.nvidia(kThree).card("amdgpu", "0000:07:00.0", 100, 10);
  machine.vulkan("name=V,type=2,vendor=1,pci=9,heap=9,budget=9,usage=0");
  machine.set.emplace_back("FAKE_NVML_INIT", "4");
  CHECK(error(machine) ==
        "no permission to talk to the NVIDIA driver (/dev/nvidiactl)");
  // but not for those who name a GPU of another vendor
  CHECK(used(machine.devices("0000:07:00.0")) == "0000:07:00.0=90");
}

TEST_CASE("a driver that was left behind does not", "[vram]") {
  Machine machine;
  machine.nvidia("").card("amdgpu", "0000:07:00.0", 100, 10);
  machine.set.emplace_back("FAKE_NVML_INIT", "9");
  CHECK(used(machine) == "0000:07:00.0=90");
}

TEST_CASE("of two vendors the one is used that is meant", "[vram]") {
  Machine machine;
  machine.nvidia(kThree).card("amdgpu", "0000:07:00.0", 100, 10);
  VramReading reading = machine.survey();
  CHECK(used(reading) == "GPU-aa1=50");
  CHECK(skipped(reading, "0000:07:00.0") == "another vendor's GPUs are used");
  CHECK(reading.notes ==
        std::vector<std::string>{"not used: AMD GPU 1:2 (0000:07:00.0)"});
  CHECK(used(machine.devices("0000:07:00.0")) == "0000:07:00.0=90");
  CHECK(used(machine.devices("0000:07:00.0").survey()) == "0000:07:00.0=90");
  machine.devices("first");
  machine.variables["ROCR_VISIBLE_DEVICES"] = "0";
  reading = machine.survey();
  CHECK(used(reading) == "0000:07:00.0=90");
  // not woken only to be listed
  CHECK(reading.gpus.size() == 1);
  machine.variables.erase("ROCR_VISIBLE_DEVICES");
  machine.variables["HIP_VISIBLE_DEVICES"] = "0";
  CHECK(used(machine) == "0000:07:00.0=90");
  machine.variables["HIP_VISIBLE_DEVICES"] = "5";
  CHECK(used(machine) == "GPU-aa1=50");
}

TEST_CASE("memory of its own goes before a share of the RAM", "[vram]") {
  Machine machine;
  machine.card("i915", "0000:00:02.0");
  CHECK(used(machine) == "0000:00:02.0=614400");
  machine.card("amdgpu", "0000:07:00.0", 100, 10);
  CHECK(used(machine) == "0000:07:00.0=90");
  machine.variables["ZE_AFFINITY_MASK"] = "0";
  CHECK(used(machine) == "0000:07:00.0=90");
}

TEST_CASE("Vulkan is asked where nobody knows", "[vram]") {
  Machine machine;
  machine.vulkan("name=V,type=2,vendor=1,pci=9,heap=90,budget=80,usage=10");
  const VramReading reading = machine.survey();
  if (reading.error &&
      reading.error->message.find("libvulkan.so.1") != std::string::npos) {
    WARN("not tested: there is no libvulkan.so.1 (libvulkan1)");
    return;
  }
  CHECK(used(reading) == "0000:09:00.0=70");
  machine.card("amdgpu", "0000:07:00.0", 100, 10);
  CHECK(used(machine) == "0000:07:00.0=90");
}

TEST_CASE("a GPU that two sources know is listed once", "[vram]") {
  Machine machine;
  machine.vulkan("name=V,type=2,vendor=0x8086,pci=7,heap=9,budget=9,usage=0");
  machine.card("xe", "0000:07:00.0");
  CHECK(machine.survey().gpus.size() == 1);
}

TEST_CASE("nvidia-smi is the last to be asked", "[vram]") {
  Machine machine;
  machine.nvidia_smi("0, GPU-s, 00000000:01:00.0, A, 3, 2");
  CHECK(used(machine) == "GPU-s=2097152");
  // where NVML knows GPUs it has nothing to add
  machine.nvidia(kThree).variables["CUDA_VISIBLE_DEVICES"] = "";
  CHECK_THAT(error(machine),
             ContainsSubstring("NVML: CUDA_VISIBLE_DEVICES is empty: no GPU is "
                               "visible; amdgpu"));
  CHECK(error(machine).find("nvidia-smi") == std::string::npos);
}

TEST_CASE("an unclear order asks for a name", "[vram]") {
  Machine machine;
  machine.dir.file("/proc/self/status", "CapEff:\t0000004000000000\n");
  machine.card("i915", "0000:00:02.0").card("amdgpu", "0000:07:00.0", 9, 2);
  machine.card("xe", "0000:05:00.0");
  machine.variables["ZE_AFFINITY_MASK"] = "0.0";
  CHECK_THAT(error(machine), ContainsSubstring("ZE_AFFINITY_MASK=0.0 is not a "
                                               "list of plain numbers"));
  CHECK(used(machine.devices("0000:00:02.0")) == "0000:00:02.0=614400");
}

TEST_CASE("the deadline is a variable", "[vram]") {
  Machine machine;
  machine.nvidia(kThree).variables["FITRUN_GPU_TIMEOUT"] = "200ms";
  machine.set.emplace_back("FAKE_NVML_HANG", "init");
  CHECK(error(machine) ==
        "the NVIDIA driver did not answer in 200 ms (persistence mode off? "
        "hung GPU?)");
  machine.variables["FITRUN_GPU_TIMEOUT"] = "soon";
  CHECK_THAT(error(machine), ContainsSubstring("FITRUN_GPU_TIMEOUT: "));
}
