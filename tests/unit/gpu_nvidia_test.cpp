// NVML through its fake (tests/helpers/fake_nvml.cpp): loaded, called in a
// child, read back and resolved, as on a machine with the driver.

#include <filesystem>
#include <list>

#include "catch.h"
#include "gpu/nvidia.h"
#include "machine_dir.h"

using namespace fitrun;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Outcome = GpuListing::Outcome;

namespace {

const std::string kFakes = FITRUN_TEST_FAKES;

constexpr const char* kThree =
    "uuid=GPU-aaaa,name=A100,pci=00000000:C1:00.0,total=80000,free=30000;"
    "uuid=GPU-bbbb,name=A100,pci=00000000:01:00.0,total=80000,free=10000;"
    "uuid=GPU-cccc,name=A100,pci=00000000:41:00.0,total=80000,free=20000";
constexpr const char* kUnlike =
    "uuid=GPU-30303030-3030-3030-3030-303030303030,name=RTX 3090,"
    "pci=00000000:01:00.0,total=24000,free=9000;"
    "uuid=GPU-40404040-4040-4040-4040-404040404040,name=RTX 4090,"
    "pci=00000000:02:00.0,total=24000,free=5000";
constexpr const char* kWithMig =
    "uuid=GPU-aaaa,name=A100,pci=00000000:01:00.0,mig=1,memory=4";
constexpr const char* kInstances =
    "parent=0,slot=0,uuid=MIG-one,name=A100 MIG 1g,gi=1,ci=0,total=9000,"
    "free=8000;"
    "parent=0,slot=3,uuid=MIG-two,name=A100 MIG 2g,gi=2,ci=0,total=19000,"
    "free=18000;"
    "parent=0,slot=4,uuid=MIG-three,name=A100 MIG 2g,gi=2,ci=1,total=19000,"
    "free=18000";

// A machine with the fake driver.
struct Fake {
  MachineDir dir;
  std::map<std::string, std::string> variables{
      {"FITRUN_NVML", kFakes + "/libnvidia-ml.so.1"},
      {"FITRUN_CUDA", "/nowhere/libcuda.so.1"}};
  std::list<SetVariable> set;
  std::chrono::milliseconds deadline = 20s;

  explicit Fake(const std::string& gpus = "") {
    dir.file("/proc/meminfo",
             "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\n");
    with("FAKE_NVML_GPUS", gpus);
  }
  Fake& with(const std::string& name, const std::string& value) {
    set.emplace_back(name, value);
    return *this;
  }
  Fake& visible(const std::string& list) {
    variables["CUDA_VISIBLE_DEVICES"] = list;
    return *this;
  }
  Fake& cuda(const std::string& gpus) {
    variables["FITRUN_CUDA"] = kFakes + "/libcuda.so.1";
    return with("FAKE_CUDA_GPUS", gpus);
  }
  GpuListing list() const {
    const Host host(dir.root());
    const Environment environment(variables);
    probe::Self self(host, environment);
    return probe::nvml_gpus({self, deadline, nullptr});
  }
};

// "GPU-a:30000 GPU-b:10000", as the command numbers them, with what each can
// give.
std::string text_of(const GpuListing& listing,
                    const std::vector<std::size_t>& which) {
  std::string text;
  for (const std::size_t i : which) {
    const Gpu& gpu = listing.gpus[i];
    if (!text.empty()) text += ' ';
    text += identity(gpu) + ':';
    const Constraint* const c = binding(gpu.reading);
    text +=
        c && gpu.problem.empty() ? std::to_string(*c->available) : gpu.problem;
  }
  return text;
}

std::string seen(const Fake& fake) {
  const GpuListing listing = fake.list();
  return text_of(listing, listing.one_process);
}

std::string skipped(const GpuListing& listing, const std::string& uuid) {
  for (const Gpu& gpu : listing.gpus)
    if (gpu.uuid == uuid) return gpu.skipped;
  return "no such GPU";
}

}  // namespace

TEST_CASE("NVML's GPUs are numbered by PCI address", "[nvidia]") {
  const GpuListing listing = Fake(kThree).list();
  REQUIRE(listing.outcome == Outcome::answered);
  CHECK(text_of(listing, listing.one_process) ==
        "GPU-bbbb:10000 GPU-cccc:20000 GPU-aaaa:30000");
  CHECK(listing.each_process == listing.one_process);
  const Gpu& first = listing.gpus[listing.one_process[0]];
  CHECK(first.vendor == GpuVendor::nvidia);
  CHECK(first.name == "A100");
  CHECK(first.address == "0000:01:00.0");
  CHECK(first.number == 0U);
  CHECK(first.total == 80000U);
  CHECK(first.free == 10000U);
  CHECK(first.source == "nvml");
  CHECK(first.memory == GpuMemory::own);
  REQUIRE(first.reading.constraints.size() == 1);
  CHECK(first.reading.constraints[0].name == "nvml.memory");
  CHECK(first.reading.constraints[0].limit == 80000U);
  CHECK(first.reading.constraints[0].used == 70000U);
}

TEST_CASE("the list of visible devices is applied to NVML's", "[nvidia]") {
  Fake fake(kThree);
  fake.visible("2,GPU");
  const GpuListing listing = fake.list();
  CHECK(text_of(listing, listing.one_process) == "GPU-aaaa:30000");
  CHECK(skipped(listing, "GPU-aaaa") == "");
  CHECK(skipped(listing, "GPU-bbbb") == "not in CUDA_VISIBLE_DEVICES");
  CHECK(listing.notes.size() == 1);
  const GpuListing none = fake.visible("0,0").list();
  CHECK(none.outcome == Outcome::silent);
  CHECK(none.why ==
        "CUDA_VISIBLE_DEVICES=0,0: '0' is repeated, so CUDA shows no GPU");
  CHECK(none.gpus.size() == 3);
}

TEST_CASE("a driver without the newer memory call is asked the older",
          "[nvidia]") {
  for (const char* status : {"13", "25", "999"}) {
    Fake fake(kThree);
    CHECK(seen(fake.with("FAKE_NVML_V2", status)) ==
          "GPU-bbbb:10000 GPU-cccc:20000 GPU-aaaa:30000");
  }
  // another status is an answer
  Fake fake(kThree);
  CHECK_THAT(seen(fake.with("FAKE_NVML_V2", "15")),
             ContainsSubstring("GPU-bbbb:GPU GPU-bbbb is lost"));
}

TEST_CASE("a GPU hidden by a device cgroup takes no number", "[nvidia]") {
  Fake fake(
      "uuid=GPU-aaaa,name=A100,pci=00000000:01:00.0,handle=4;"
      "uuid=GPU-bbbb,name=A100,pci=00000000:02:00.0,total=80000,free=10000");
  const GpuListing listing = fake.visible("0").list();
  CHECK(text_of(listing, listing.one_process) == "GPU-bbbb:10000");
  REQUIRE(listing.gpus.size() == 2);
  CHECK(listing.gpus[1].skipped ==
        "no permission to open it (hidden from this process)");
}

TEST_CASE("a lost GPU is a problem of that GPU", "[nvidia]") {
  CHECK(seen(Fake("uuid=GPU-a,name=A,pci=00000000:01:00.0,total=9,free=5,"
                  "memory=15;"
                  "uuid=GPU-b,name=A,pci=00000000:02:00.0,total=9,free=6")) ==
        "GPU-a:GPU GPU-a is lost (it fell off the bus) GPU-b:6");
  CHECK(seen(Fake("uuid=GPU-a,name=A,pci=00000000:01:00.0,memory=16")) ==
        "GPU-a:GPU GPU-a needs a reset");
  CHECK(seen(Fake("handle=15;uuid=GPU-b,name=A,pci=00000000:02:00.0,total=9,"
                  "free=6")) ==
        "number 0:GPU number 0 is lost (it fell off the bus) GPU-b:6");
}

TEST_CASE("unlike GPUs are in libcuda's order", "[nvidia]") {
  const std::string a = "GPU-30303030-3030-3030-3030-303030303030";
  const std::string b = "GPU-40404040-4040-4040-4040-404040404040";
  Fake fake(kUnlike);
  fake.cuda(
      "40404040404040404040404040404040;30303030303030303030303030303030");
  CHECK(seen(fake) == b + ":5000 " + a + ":9000");
  fake.variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
  CHECK(seen(fake) == a + ":9000 " + b + ":5000");
}

TEST_CASE("without libcuda unlike GPUs count as the smallest", "[nvidia]") {
  const std::string a = "GPU-30303030-3030-3030-3030-303030303030";
  const std::string b = "GPU-40404040-4040-4040-4040-404040404040";
  Fake fake(kUnlike);
  const GpuListing listing = fake.list();
  CHECK(text_of(listing, listing.one_process) == a + ":5000 " + b + ":5000");
  REQUIRE(listing.notes.size() == 1);
  CHECK_THAT(listing.notes[0],
             ContainsSubstring("GPU models differ and CUDA_DEVICE_ORDER is not "
                               "PCI_BUS_ID: using the smallest free value"));
  // also where the list shows one: which one is the question
  CHECK(seen(fake.visible("0")) == a + ":5000");
  CHECK(seen(fake.visible(a)) == a + ":9000");
  // a libcuda that does not start is none
  fake.cuda("40404040404040404040404040404040").with("FAKE_CUDA_INIT", "100");
  CHECK(seen(fake.visible("0")) == a + ":5000");
}

TEST_CASE("MIG instances are GPUs of their own", "[nvidia]") {
  Fake fake(kWithMig);
  fake.with("FAKE_NVML_MIG", kInstances);
  const GpuListing listing = fake.list();
  CHECK(text_of(listing, listing.one_process) == "MIG-one:8000");
  CHECK(text_of(listing, listing.each_process) == "MIG-one:8000 MIG-two:18000");
  CHECK(listing.gpus[0].name == "A100 MIG 1g");
  CHECK(listing.gpus[0].address == "0000:01:00.0");
  CHECK(skipped(listing, "MIG-two") ==
        "a process sees one MIG instance, and no GPU beside it");
  CHECK(skipped(listing, "MIG-three") ==
        "it shares the memory of a MIG instance before it");
  CHECK(seen(fake.visible("MIG-two")) == "MIG-two:18000");
  CHECK(seen(fake.visible("MIG-GPU-aaaa/2/1")) == "MIG-three:18000");
  CHECK(seen(fake.visible("MIG-two,MIG-one")) == "MIG-two:18000");
  fake.variables.erase("CUDA_VISIBLE_DEVICES");
  const GpuListing bare = fake.with("FAKE_NVML_MIG", "").list();
  CHECK(bare.outcome == Outcome::silent);
  CHECK(bare.why == "GPU GPU-aaaa: it is in MIG mode and has no instances");
}

TEST_CASE("parts without memory of their own take from the RAM", "[nvidia]") {
  const auto first = [](const Fake& fake) { return fake.list().gpus[0]; };
  const std::string head = "uuid=GPU-a,pci=0000000F:01:00.0,name=";
  // 600 kB are available
  const Gpu gb10 = first(Fake(head + "NVIDIA GB10,memory=3"));
  CHECK(gb10.memory == GpuMemory::shared);
  CHECK(gb10.problem == "");
  REQUIRE(binding(gb10.reading));
  CHECK(*binding(gb10.reading)->available == 600U * 1024);
  CHECK(binding(gb10.reading)->name == "host.mem_available");
  CHECK(gb10.total == 1000U * 1024);
  CHECK(first(Fake(head + "Orin (nvgpu),memory=3")).memory ==
        GpuMemory::shared);
  // reports all of the RAM as its own: 921600 of 1024000
  CHECK(first(Fake(head + "NVIDIA GB10,total=921600,free=5")).memory ==
        GpuMemory::shared);
  // a carve-out is its own memory
  CHECK(first(Fake(head + "NVIDIA N1X,total=8000,free=5")).memory ==
        GpuMemory::own);
  // on other parts no answer is no answer
  const Gpu gb100 = first(Fake(head + "NVIDIA GB100,memory=3"));
  CHECK(gb100.memory == GpuMemory::own);
  CHECK(gb100.problem == "GPU GPU-a (NVIDIA GB100) does not report memory");
  CHECK(first(Fake(head + "NVIDIA A100,total=0")).problem ==
        "GPU GPU-a (NVIDIA A100) does not report memory");
  CHECK(first(Fake(head + "NVIDIA A100,memory=4")).problem ==
        "no permission to read the memory of GPU GPU-a");
}

TEST_CASE("libcuda knows integrated parts that names do not tell", "[nvidia]") {
  const std::string gpu =
      "uuid=GPU-30303030-3030-3030-3030-303030303030,name=Newer,"
      "pci=00000000:01:00.0,memory=3";
  Fake integrated(gpu);
  integrated.cuda("30303030303030303030303030303030+");
  CHECK(integrated.list().gpus[0].memory == GpuMemory::shared);
  Fake discrete(gpu);
  discrete.cuda("30303030303030303030303030303030");
  CHECK_FALSE(discrete.list().gpus[0].problem.empty());
}

TEST_CASE("a driver that does not start says why", "[nvidia]") {
  struct Row {
    const char* status;
    const char* version;  // /proc/driver/nvidia/version
    bool container;
    Outcome outcome;
    const char* why;
    const char* advice;
  };
  constexpr const char* kVersion =
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Tue Jun 6\n";
  const Row row = GENERATE_COPY(values<Row>({
      {"9", kVersion, false, Outcome::failed, "the NVIDIA driver is not loaded",
       ""},
      // a library left behind: there may be a GPU of another vendor
      {"9", "", false, Outcome::silent, "the NVIDIA driver is not loaded", ""},
      {"4", kVersion, false, Outcome::failed,
       "no permission to talk to the NVIDIA driver (/dev/nvidiactl)", ""},
      {"18", kVersion, false, Outcome::failed,
       "the NVIDIA library and the loaded kernel driver differ (library 1, "
       "kernel 535.54.03 from /proc/driver/nvidia/version)",
       "reboot or reload the driver"},
      {"999", kVersion, true, Outcome::failed,
       "the container lost its GPUs (systemctl daemon-reload does this)",
       "restart the container"},
      {"999", kVersion, false, Outcome::failed,
       "NVML does not start: Some Error (status 999)", ""},
      {"12", "", false, Outcome::failed,
       "NVML does not start: Some Error (status 12)", ""},
  }));
  CAPTURE(row.status, row.container);
  Fake fake(kThree);
  fake.with("FAKE_NVML_INIT", row.status);
  if (*row.version) fake.dir.file("/proc/driver/nvidia/version", row.version);
  if (row.container) fake.dir.file("/.dockerenv", "");
  const GpuListing listing = fake.list();
  CHECK(listing.outcome == row.outcome);
  CHECK(listing.why == row.why);
  CHECK(listing.advice == row.advice);
}

TEST_CASE("a driver that hangs costs the deadline and a message", "[nvidia]") {
  Fake hang(kThree);
  hang.deadline = 300ms;
  const GpuListing listing = hang.with("FAKE_NVML_HANG", "handle").list();
  CHECK(listing.outcome == Outcome::failed);
  CHECK(listing.why ==
        "the NVIDIA driver did not answer in 300 ms (persistence mode off? "
        "hung GPU?)");
}

TEST_CASE("a driver that dies costs a message", "[nvidia]") {
  Fake crash(kThree);
  const GpuListing listing = crash.with("FAKE_NVML_CRASH", "init").list();
  CHECK(listing.outcome == Outcome::failed);
  CHECK(listing.why == "the probe died of signal 6 inside the NVIDIA driver");
}

TEST_CASE("a driver that prints costs nothing", "[nvidia]") {
  Fake chatter(kThree);
  CHECK(seen(chatter.with("FAKE_NVML_CHATTER", "1")) ==
        "GPU-bbbb:10000 GPU-cccc:20000 GPU-aaaa:30000");
}

TEST_CASE("a missing library has three causes", "[nvidia]") {
  Fake fake;
  fake.variables["FITRUN_NVML"] = "libnvidia-ml-is-not-here.so.1";
  const std::string loader =
      "libnvidia-ml-is-not-here.so.1: cannot open shared object file: No such "
      "file or directory";
  GpuListing listing = fake.list();
  CHECK(listing.outcome == Outcome::silent);
  CHECK(listing.why == loader);
  fake.dir.file("/proc/driver/nvidia/version", "x");
  listing = fake.list();
  CHECK(listing.why ==
        "the NVIDIA driver is loaded, but not its library (" + loader + ")");
  fake.variables["NVIDIA_VISIBLE_DEVICES"] = "all";
  listing = fake.list();
  CHECK(listing.why == "NVML is not in this container (" + loader + ")");
  CHECK(listing.advice ==
        "start it with NVIDIA_DRIVER_CAPABILITIES=compute,utility");
  CHECK(listing.outcome == Outcome::silent);
  // a library that is not NVML, such as the CUDA toolkit's stub
  fake.variables["FITRUN_NVML"] = kFakes + "/libcuda.so.1";
  CHECK_THAT(fake.list().why,
             ContainsSubstring("it lacks functions: the CUDA stub?"));
}

TEST_CASE("of two missing libraries the usual one is named", "[nvidia]") {
  Fake fake;
  fake.variables.erase("FITRUN_NVML");
  const std::string why = fake.list().why;
  if (why.find("cannot open") == std::string::npos) {
    WARN("not tested: this machine has NVML");
    return;
  }
  CHECK_THAT(why, ContainsSubstring("libnvidia-ml.so.1: cannot open"));
  CHECK(why.find("wsl") == std::string::npos);
}

TEST_CASE("no GPU at all is not an error", "[nvidia]") {
  const GpuListing listing = Fake("").list();
  CHECK(listing.outcome == Outcome::silent);
  CHECK(listing.why == "no GPU");
}

TEST_CASE("a cgroup's limit on GPU memory clamps it", "[nvidia]") {
  Fake fake("uuid=GPU-a,name=A,pci=00000000:01:00.0,total=9000,free=5000");
  fake.dir.file("/proc/self/cgroup", "0::/job/step\n")
      .file("/proc/self/mountinfo",
            "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("/sys/fs/cgroup/job/dmem.max",
            "drm/0000:03:00.0/vram0 1\nnvidia/0000:01:00.0/vidmem 4000\n")
      .file("/sys/fs/cgroup/job/dmem.current",
            "drm/0000:03:00.0/vram0 0\nnvidia/0000:01:00.0/vidmem 1000\n")
      .file("/sys/fs/cgroup/job/step/dmem.max",
            "nvidia/0000:01:00.0/vidmem max\n");
  const GpuListing listing = fake.list();
  CHECK(text_of(listing, listing.one_process) == "GPU-a:3000");
  const Constraint* const c = binding(listing.gpus[0].reading);
  REQUIRE(c);
  CHECK(c->name == "cgroup2.dmem.max");
  CHECK(c->where == "/sys/fs/cgroup/job");
  CHECK(title(*c) == "dmem.max of /job");
  CHECK(c->limit == 4000U);
  CHECK(c->used == 1000U);
}

TEST_CASE("a limit of MPS on each client caps a worker", "[nvidia]") {
  Fake fake(kThree);
  fake.variables["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] = "0=2G, 2=512M,7=1G";
  const GpuListing listing = fake.list();
  const auto cap = [&](std::size_t i) {
    return listing.gpus[listing.one_process[i]].reading.per_process_cap;
  };
  REQUIRE(cap(0));
  CHECK(cap(0)->bytes == 2ULL << 30);
  CHECK(cap(0)->name == "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT");
  CHECK_FALSE(cap(1));
  REQUIRE(cap(2));
  CHECK(cap(2)->bytes == 512ULL << 20);
}

TEST_CASE("the kernel driver's version is found in its file", "[nvidia]") {
  CHECK(kernel_driver_version(
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  "
            "560.35.03  Release Build  (root@x)\nGCC version: gcc 12.2.0\n") ==
        "560.35.03");
  CHECK(kernel_driver_version("GCC version: gcc version 12\n") == "");
}

TEST_CASE("what the child wrote is read strictly", "[nvidia]") {
  CHECK(parse_nvml_report(""));
  CHECK(parse_nvml_report("device\t0\tGPU-a\t\tA100\t0\nmemory\t0\t9\t5\n"));
  for (const char* text :
       {"device\t0\tGPU-a\t\tA100\n", "memory\t0\t9\t5\n", "x\n",
        "device\t0\tGPU-a\t\tA100\t0\nmemory\t0\t9\t-5\n",
        "device\t0\tGPU-a\t\tA100\t0\textra\n"}) {
    CAPTURE(text);
    const auto report = parse_nvml_report(text);
    REQUIRE_FALSE(report);
    CHECK_THAT(report.error().message, ContainsSubstring("not understood"));
  }
}
