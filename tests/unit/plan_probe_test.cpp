#include <nlohmann/json.hpp>

#include "catch.h"
#include "plan/advice.h"
#include "plan/render_probe.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

Constraint host_free(std::uint64_t available) {
  Constraint c;
  c.name = "host.mem_available";
  c.where = "/proc/meminfo";
  c.limit = 32'000'000'000;
  c.used = *c.limit - available;
  c.available = available;
  return c;
}

Constraint level(const std::string& path, const std::string& file) {
  Constraint c;
  c.name = "cgroup2." + file;
  c.where = "/sys/fs/cgroup" + path;
  c.file = file;
  c.level = path;
  return c;
}

Constraint limited(const std::string& path, const std::string& file) {
  Constraint c = level(path, file);
  c.limit = 4'000'000'000;
  c.used = 1'200'000'000;
  c.reclaimable = 200'000'000;
  c.available = 3'000'000'000;
  return c;
}

Constraint silent(const std::string& path, const std::string& reason) {
  Constraint c = level(path, "memory.max");
  c.reason = reason;
  return c;
}

MachineReading machine(std::vector<Constraint> constraints) {
  MachineReading m;
  m.pools.push_back({Pool::ram, std::move(constraints), {}, {}, {}});
  m.cpus = {2, "cgroup2.cpu.max"};
  return m;
}

std::string text_of(const MachineReading& m) {
  return render_probe_text(m, TextStyle());
}

}  // namespace

TEST_CASE("the probe's table marks what binds and says what to change",
          "[plan]") {
  MachineReading m = machine(
      {host_free(20'000'000'000), silent("/system.slice/ci.service/a", "max"),
       limited("/system.slice/ci.service", "memory.max"),
       silent("/system.slice", "max"), silent("/x", "not a number: \"12x\"")});
  m.pools[0].per_process_cap = ProcessCap{"rlimit.as", 2ULL << 30};
  m.pools[0].diagnostics = {"something is odd"};
  m.worker_caps = {{"cgroup2.pids.max", "/sys/fs/cgroup/a", 64, 10, 54, "/a"}};
  m.pressure = Pressure{"/proc/pressure/memory", 0.25};
  CHECK(text_of(m) ==
        "RAM: 3.0 GB available, bound by memory.max of "
        "/system.slice/ci.service\n"
        "\n"
        "     available     limit      used  reclaimable  source\n"
        "  >     3.0 GB    4.0 GB    1.2 GB       200 MB  cgroup2.memory.max, "
        "/sys/fs/cgroup/system.slice/ci.service\n"
        "       20.0 GB   32.0 GB   12.0 GB               host.mem_available, "
        "/proc/meminfo\n"
        "             -                                   cgroup2.memory.max, "
        "/sys/fs/cgroup/x: not a number: \"12x\"\n"
        "             -                                   cgroup2.memory.max: "
        "no limit at 2 levels\n"
        "\n"
        "  for more  systemctl set-property ci.service MemoryMax=SIZE, or the "
        "same line in the unit; or stop what else runs in it\n"
        "  a process may have 2 GiB: rlimit.as\n"
        "  for more  ulimit -v unlimited\n"
        "  note      something is odd\n"
        "\n"
        "  CPUs      2, cgroup2.cpu.max\n"
        "  processes 54 more, bound by cgroup2.pids.max, /sys/fs/cgroup/a "
        "(limit 64, used 10)\n"
        "  for more  write a larger number to /sys/fs/cgroup/a/pids.max\n"
        "  pressure  0.25 % of the last 10 s stalled, /proc/pressure/memory\n");
}

TEST_CASE("what would bind next is marked as close", "[plan]") {
  // A tenth of 3.0 GB above it: 3.3 GB is close, 3.4 GB is not.
  const auto text = [](std::uint64_t host) {
    return text_of(machine({host_free(host), limited("/a", "memory.max")}));
  };
  CHECK_THAT(text(3'300'000'000), ContainsSubstring("meminfo (close)\n"));
  CHECK(text(3'400'000'000).find("(close)") == std::string::npos);
}

TEST_CASE("an upper bound is shown as one", "[plan]") {
  Constraint hidden = limited("/", "memory.max");
  hidden.exact = false;
  CHECK_THAT(text_of(machine({hidden})),
             ContainsSubstring("  >  <= 3.0 GB    4.0 GB"));
}

TEST_CASE("a machine where nobody knows is said to be unknown", "[plan]") {
  Constraint c = host_free(0);
  c.available.reset();
  c.limit.reset();
  c.used.reset();
  c.reason = "/proc/meminfo: No such file or directory";
  const MachineReading m = machine({c});
  CHECK_THAT(text_of(m), ContainsSubstring("RAM: unknown: no source says"));
  CHECK_THAT(text_of(m), ContainsSubstring("meminfo: /proc/meminfo: No such"));
  const auto json = nlohmann::json::parse(render_probe_json(m));
  CHECK(json["pools"][0]["available"].is_null());
  CHECK(json["pools"][0]["binding"].is_null());
  CHECK(json["pools"][0]["constraints"][0]["reason"] == c.reason);
}

TEST_CASE("pressure is a warning above five percent", "[plan]") {
  MachineReading m = machine({host_free(1)});
  m.pressure = Pressure{"/proc/pressure/memory", 5};
  CHECK(text_of(m).find("short right now") == std::string::npos);
  m.pressure->full_avg10 = 5.01;
  CHECK_THAT(text_of(m), ContainsSubstring("memory is short right now"));
}

TEST_CASE("the name of a cgroup cannot disturb the terminal", "[plan]") {
  const std::string text =
      text_of(machine({limited("/a\x1b[2J", "memory.max")}));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(text, ContainsSubstring("\\x1b[2J"));
}

TEST_CASE("the row that binds is bold where there are colours", "[plan]") {
  TextStyle style;
  style.colour = true;
  const std::string text =
      render_probe_text(machine({host_free(5'000'000'000)}), style);
  CHECK_THAT(text, ContainsSubstring("\x1b[1m  >     5.0 GB"));
}

TEST_CASE("several pools are shown one after the other", "[plan]") {
  MachineReading m = machine({host_free(5'000'000'000)});
  Constraint gpu;
  gpu.name = "nvml.free";
  gpu.where = "GPU 0";
  gpu.available = 6'000'000'000;
  m.pools.push_back({Pool::vram, {gpu}, {}, {}, {}});
  const std::string text = text_of(m);
  CHECK_THAT(text, ContainsSubstring("RAM: 5.0 GB available"));
  CHECK_THAT(text,
             ContainsSubstring("VRAM: 6.0 GB available, bound by nvml.free"));
  const auto json = nlohmann::json::parse(render_probe_json(m));
  CHECK(json["pools"][1]["pool"] == "vram");
}

TEST_CASE("the probe's JSON has the keys of the contract", "[plan]") {
  MachineReading m =
      machine({host_free(20'000'000'000),
               limited("/system.slice/ci.service", "memory.max")});
  m.pools[0].per_process_cap = ProcessCap{"rlimit.as", 2'147'483'648};
  m.pools[0].diagnostics = {"odd"};
  m.worker_caps = {{"rlimit.nproc", "/proc/self/limits", 20, {}, 19, ""}};
  m.pressure = Pressure{"/proc/pressure/memory", 0.25};
  const auto json = nlohmann::json::parse(render_probe_json(m));
  const auto& pool = json["pools"][0];
  CHECK(pool["pool"] == "ram");
  CHECK(pool["available"] == 3'000'000'000);
  CHECK(pool["available"].is_number_unsigned());
  CHECK(pool["binding"] == "cgroup2.memory.max");
  CHECK(pool["per_process_cap"] ==
        nlohmann::json({{"name", "rlimit.as"}, {"bytes", 2'147'483'648}}));
  CHECK(pool["diagnostics"] == nlohmann::json({"odd"}));
  CHECK(pool["constraints"][1] ==
        nlohmann::json({{"name", "cgroup2.memory.max"},
                        {"where", "/sys/fs/cgroup/system.slice/ci.service"},
                        {"file", "memory.max"},
                        {"level", "/system.slice/ci.service"},
                        {"limit", 4'000'000'000},
                        {"used", 1'200'000'000},
                        {"reclaimable", 200'000'000},
                        {"available", 3'000'000'000},
                        {"exact", true}}));
  CHECK(json["cpus"] ==
        nlohmann::json({{"value", 2}, {"origin", "cgroup2.cpu.max"}}));
  CHECK(json["caps"][0]["workers"] == 19);
  CHECK_FALSE(json["caps"][0].contains("used"));
  CHECK(json["pressure"]["full_avg10"] == 0.25);
}

TEST_CASE("advice names the knob of whoever keeps the limit", "[plan]") {
  const auto of = [](const std::string& path, const std::string& file) {
    Constraint c = limited(path, file);
    c.used = 0;
    return advice(c);
  };
  CHECK_THAT(of("/system.slice/docker-4f2a.scope", "memory.max"),
             ContainsSubstring("larger --memory (docker run"));
  CHECK_THAT(of("/docker/4f2a", "memory.memsw.limit_in_bytes"),
             ContainsSubstring("larger --memory-swap (docker run"));
  CHECK_THAT(of("/kubepods.slice/x.scope", "memory.max"),
             ContainsSubstring("resources.limits.memory"));
  CHECK_THAT(of("/system.slice/slurmstepd.scope/job_7", "memory.max"),
             ContainsSubstring("sbatch --mem"));
  CHECK_THAT(of("/slurm/uid_0/job_7", "memory.limit_in_bytes"),
             ContainsSubstring("sbatch --mem"));
  CHECK_THAT(of("/lxc.payload.c1", "memory.max"),
             ContainsSubstring("lxc config set"));
  CHECK(of("/a.slice", "memory.high") ==
        "systemctl set-property a.slice MemoryHigh=SIZE, or the same line in "
        "the unit");
  CHECK_THAT(of("/user.slice/user@1.service/app.slice/a b.scope", "memory.max"),
             ContainsSubstring("systemctl --user set-property 'a b.scope' M"));
  CHECK_THAT(of("/user.slice/user@1.service", "memory.max"),
             ContainsSubstring("systemctl set-property user@1.service"));
  // Docker has no option for memory.high, systemd none for memory+swap.
  CHECK_THAT(of("/docker/4f2a", "memory.high"),
             ContainsSubstring("write a larger number to"));
  CHECK_THAT(of("/a.slice", "memory.memsw.limit_in_bytes"),
             ContainsSubstring("write a larger number to"));
  CHECK_THAT(of("/", "memory.max"), ContainsSubstring("whoever starts this"));
  CHECK_THAT(of("/../..", "memory.max"),
             ContainsSubstring("whoever starts this"));
  CHECK(of("/jobs/1", "memory.max") ==
        "write a larger number to /sys/fs/cgroup/jobs/1/memory.max");
  CHECK_THAT(advice(limited("/jobs/1", "memory.max")),
             ContainsSubstring("; or stop what else runs in it"));
}

TEST_CASE("every kind of constraint has advice", "[plan]") {
  for (const char* name :
       {"host.mem_available", "host.mem_available(estimated)",
        "host.mem_available+zfs_arc", "host.zoneinfo", "host.commit_limit",
        "lxcfs.mem_available", "numa.mems_allowed", "cgroup1.hidden_ancestor",
        "env.SLURM_MEM_PER_NODE", "env.SLURM_MEM_PER_CPU"}) {
    INFO(name);
    Constraint c;
    c.name = name;
    CHECK_FALSE(advice(c).empty());
  }
  CHECK(advice(Constraint()).empty());
  CHECK(advice(ProcessCap{"rlimit.data", 1}) == "ulimit -d unlimited");
  CHECK_THAT(advice(WorkerCap{"rlimit.nproc", "", 1, {}, 1, ""}),
             ContainsSubstring("ulimit -u"));
  CHECK_THAT(advice(WorkerCap{"cgroup2.pids.max", "", 1, {}, 1, "/docker/a"}),
             ContainsSubstring("--pids-limit"));
  CHECK_THAT(advice(WorkerCap{"cgroup2.pids.max", "", 1, {}, 1, "/a.service"}),
             ContainsSubstring("TasksMax=SIZE"));
}
