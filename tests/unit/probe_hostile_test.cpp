// Every file that the probe reads, spoilt in every way that was thought of. The
// answer may differ; it must be one, and what is missing must be said.

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "probe/cpus.h"
#include "probe/pressure.h"
#include "probe/ram.h"
#include "probe/worker_caps.h"

using namespace fitrun;
namespace fs = std::filesystem;

namespace {

// A copy of a fixture that can be spoilt; gone when the test is over.
struct Copy {
  fs::path root;
  explicit Copy(const std::string& fixture)
      : root(fs::temp_directory_path() /
             ("fitrun-hostile-" + std::to_string(::getpid()))) {
    fs::remove_all(root);
    fs::copy(FITRUN_FIXTURES "/hosts/" + fixture, root,
             fs::copy_options::recursive);
  }
  ~Copy() { fs::remove_all(root); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
};

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_all(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string with_digits(std::string text, const std::string& number) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] < '0' || text[i] > '9') {
      out += text[i++];
      continue;
    }
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    out += number;
  }
  return out;
}

std::string repeated(std::string text) {
  constexpr std::size_t kTenMegabytes = 10'000'000;
  if (text.empty()) text = "x";
  while (text.size() < kTenMegabytes) text += text;
  return text;
}

// Asks everything, and checks what must hold of any answer.
PoolReading ask_all(const fs::path& root) {
  const Host host(root.string());
  const Environment environment(std::map<std::string, std::string>{});
  probe::Self self(host, environment);
  PoolReading reading = probe::ram(self);
  CHECK_FALSE(reading.constraints.empty());
  for (const Constraint& c : reading.constraints) {
    INFO(c.name);
    CHECK((c.available || !c.reason.empty()));
    CHECK_FALSE(c.where.empty());
    if (c.available && c.limit) CHECK(*c.available <= *c.limit);
  }
  CHECK(probe::cpus(self).value >= 1);
  for (const WorkerCap& cap : probe::worker_caps(self)) CHECK(cap.workers >= 1);
  if (const auto pressure = probe::pressure(self))
    CHECK((pressure->full_avg10 >= 0 && pressure->full_avg10 <= 100));
  return reading;
}

const char* const kMachines[] = {
    "09-nested-parent-binds-sibling-usage",
    "29-v1-parent-binds",
    "36-cgroupns-below-mount",
    "46-overcommit-2",
    "53-zfs-arc",
    "54-no-memavailable",
    "72-numa-membind",
    "82-v1-memsw-of-a-parent",
    "51-lxcfs-no-limit",
    "92-rlimits-the-smaller",
};

std::vector<fs::path> files_below(const fs::path& root) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file() && entry.path().filename() != "expected.json")
      found.push_back(entry.path());
  }
  return found;
}

}  // namespace

TEST_CASE("a spoilt file is survived, and spoils nothing else", "[probe]") {
  const std::string machine =
      GENERATE(from_range(std::begin(kMachines), std::end(kMachines)));
  const Copy copy(machine);
  for (const fs::path& file : files_below(copy.root)) {
    const std::string text = read_all(file);
    const std::string spoilt[] = {
        "",
        "\n",
        text.substr(0, text.size() / 2),
        text.substr(0, text.size() - 1),
        text + text,
        std::string(5000, '\0'),
        "\xff\xfe\x7f\x01:::,,--((" + text,
        with_digits(text, "99999999999999999999999"),
        with_digits(text, "18446744073709551615"),
        with_digits(text, "-1"),
        with_digits(text, ""),
    };
    for (const std::string& one : spoilt) {
      INFO(machine << " " << file << " " << one.substr(0, 200));
      write_all(file, one);
      ask_all(copy.root);
    }
    INFO(machine << " " << file << " is gone, then a folder");
    fs::remove(file);
    ask_all(copy.root);
    fs::create_directory(file);
    ask_all(copy.root);
    fs::remove(file);
    write_all(file, text);
  }
}

TEST_CASE("files of 10 MB are read in time", "[probe]") {
  const std::string machine =
      GENERATE("09-nested-parent-binds-sibling-usage", "72-numa-membind",
               "36-cgroupns-below-mount");
  const Copy copy(machine);
  for (const fs::path& file : files_below(copy.root)) {
    const std::string text = read_all(file);
    const std::string line = text.substr(0, text.find('\n'));
    for (const std::string& one : {repeated(text), repeated(line)}) {
      write_all(file, one);
      const std::clock_t start = std::clock();
      ask_all(copy.root);
      const double seconds =
          static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      INFO(machine << " " << file);
      CHECK(seconds < 5);  // of our own; 0.1 when optimised
    }
    write_all(file, text);
  }
}

TEST_CASE("a limit that cannot be used is said, whatever is wrong with it",
          "[probe]") {
  const Copy copy("09-nested-parent-binds-sibling-usage");
  const fs::path file =
      copy.root / "sys/fs/cgroup/user.slice/user-1000.slice/memory.max";
  const std::string wrong = GENERATE("", "12x", "-1", "99999999999999999999");
  write_all(file, wrong);
  const PoolReading reading = ask_all(copy.root);
  REQUIRE(reading.diagnostics.size() == 1);
  CHECK(reading.diagnostics[0].find(
            "memory.max of /user.slice/user-1000.slice is left out") == 0);
  CHECK(binding(reading)->name == "host.mem_available");
}

TEST_CASE("a machine without any file has a reason", "[probe]") {
  const PoolReading reading = ask_all("/nonexistent-machine");
  CHECK_FALSE(binding(reading));
  CHECK(reading.constraints[0].reason.find("No such file or directory") !=
        std::string::npos);
}
