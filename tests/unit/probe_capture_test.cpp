// A captured machine is the machine: every fixture is captured, and the copy is
// asked the same questions.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "probe/capture.h"
#include "probe/cpus.h"
#include "probe/pressure.h"
#include "probe/ram.h"
#include "probe/worker_caps.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() /
                  ("fitrun-capture-" + std::to_string(::getpid()));
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// All that a machine answers, as one text that can be compared.
std::string answers(const Host& host, const Environment& environment) {
  probe::Self self(host, environment);
  std::string out;
  const PoolReading reading = probe::ram(self);
  for (const Constraint& c : reading.constraints) {
    if (!c.available) continue;
    out += c.name + " " + c.where + " " + std::to_string(*c.available) + "\n";
  }
  if (const auto& cap = reading.per_process_cap)
    out += cap->name + " " + std::to_string(cap->bytes) + "\n";
  const auto cpus = probe::cpus(self);
  out += std::to_string(cpus.value) + " " + cpus.origin + "\n";
  for (const WorkerCap& cap : probe::worker_caps(self))
    out +=
        cap.name + " " + cap.where + " " + std::to_string(cap.workers) + "\n";
  if (const auto pressure = probe::pressure(self))
    out += pressure->where + " " + std::to_string(pressure->full_avg10) + "\n";
  return out;
}

std::map<std::string, std::string> variables_of(const fs::path& machine) {
  std::ifstream file(machine / "expected.json");
  return nlohmann::json::parse(file)["env"]
      .get<std::map<std::string, std::string>>();
}

}  // namespace

TEST_CASE("a captured machine gives the same answers", "[probe]") {
  for (const auto& machine : fs::directory_iterator(FITRUN_FIXTURES "/hosts")) {
    if (!machine.is_directory()) continue;
    INFO(machine.path());
    const Host host(machine.path().string());
    const Environment environment(variables_of(machine.path()));
    const Folder copy;
    const Capture capture = probe::capture(host, environment);
    const auto written = write_capture(capture, copy.path.string());
    REQUIRE(written);
    CHECK(*written == capture.files.size() + 1);
    CHECK(answers(Host(copy.path.string()), environment) ==
          answers(host, environment));
  }
}

TEST_CASE("a capture of the running machine gives its answer", "[probe]") {
  const Environment none(std::map<std::string, std::string>{});
  const Folder copy;
  const Capture capture = probe::capture(Host(), none);
  REQUIRE(write_capture(capture, copy.path.string()));
  const PoolReading again = probe::ram(Host(copy.path.string()), none);
  const Constraint* const before = binding(capture.ram);
  const Constraint* const after = binding(again);
  REQUIRE(before);
  REQUIRE(after);
  CHECK(after->name == before->name);
  CHECK(after->where == before->where);
  CHECK(after->available == before->available);
  CHECK(again.constraints.size() == capture.ram.constraints.size());
  CHECK(probe::cpus(Host(copy.path.string()), none).value ==
        capture.cpus.value);
}

TEST_CASE("a capture holds nothing that the probe does not look at",
          "[probe]") {
  CHECK(redacted("/proc/self/mountinfo",
                 "1 0 8:1 / / rw - ext4 /dev/secret rw\n"
                 "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
                 7) == "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
  CHECK(redacted("/proc/self/status",
                 "Name:\tsecret\nPid:\t1\nUid:\t5\t5\t5\t5\nGroups:\t1 2\n",
                 7) == "Pid:\t7\nUid:\t5\t5\t5\t5\n");
  CHECK(redacted("/sys/fs/cgroup/a/cgroup.procs", "6\n7\n77\n", 7) == "7\n");
  CHECK(redacted("/proc/self/numa_maps", "7f00 bind:1 file=/home/secret\nx",
                 7) == "00400000 bind:1\n");
  CHECK(redacted("/proc/self/numa_maps", "7f00 default file=/secret\n", 7)
            .empty());
  std::string stat = "7 (secret) name) R";
  for (int field = 4; field <= 40; ++field) stat += " 9";
  const std::string kept = redacted("/proc/self/stat", stat + " 2 9 9\n", 7);
  CHECK(kept.find('9') == std::string::npos);
  CHECK(kept.find("secret") == std::string::npos);
  CHECK(is_real_time(kept));
  CHECK(redacted("/proc/meminfo", "MemTotal: 1 kB\n", 7) == "MemTotal: 1 kB\n");
}

TEST_CASE("other cgroups that a search passes are not captured", "[probe]") {
  const Environment none(std::map<std::string, std::string>{});
  const Folder copy;
  const Host host(FITRUN_FIXTURES "/hosts/36-cgroupns-below-mount");
  REQUIRE(write_capture(probe::capture(host, none), copy.path.string()));
  const fs::path docker = copy.path / "sys/fs/cgroup/memory/docker";
  CHECK(fs::exists(docker / "bb/cgroup.procs"));
  CHECK_FALSE(fs::exists(docker / "aa"));
}

TEST_CASE("the README of a capture says what each file is", "[probe]") {
  const Environment slurm({{"SLURM_MEM_PER_NODE", "4 096"}, {"HOME", "/me"}});
  const Folder copy;
  const Host host(FITRUN_FIXTURES "/hosts/87-unreadable-is-not-absent");
  REQUIRE(write_capture(probe::capture(host, slurm), copy.path.string()));
  const std::string readme = read_all(copy.path / "README.md");
  CHECK_THAT(readme, ContainsSubstring(
                         "    env SLURM_MEM_PER_NODE='4 096' fitrun probe "));
  CHECK_THAT(readme, ContainsSubstring("3221225472 bytes, bound by "
                                       "cgroup2.memory.max"));
  CHECK_THAT(readme, ContainsSubstring("| `/proc/meminfo` | the memory of the "
                                       "machine |"));
  CHECK_THAT(readme, ContainsSubstring("a/b/memory.max` | missing here: Is a "
                                       "directory |"));
  CHECK(readme.find("HOME") == std::string::npos);
  CHECK(readme.find("read by the probe") == std::string::npos);
}

TEST_CASE("a capture never overwrites and never leaves its folder", "[probe]") {
  const Folder copy;
  fs::create_directories(copy.path / "mine");
  Capture capture;
  const auto refused = write_capture(capture, copy.path.string());
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("not empty"));
  fs::remove(copy.path / "mine");
  capture.files.push_back({"/a/../../escaped", "x", ""});
  capture.directories.push_back("/../escaped-folder");
  REQUIRE(write_capture(capture, copy.path.string()));
  CHECK_FALSE(fs::exists(copy.path / "../escaped"));
  CHECK_FALSE(fs::exists(copy.path / "../escaped-folder"));
  CHECK_FALSE(write_capture(capture, "/proc/nonexistent/folder"));
}
