#include <nlohmann/json.hpp>

#include "catch.h"
#include "plan/gpu_environment.h"
#include "plan/render_gpus.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;
using Pairs = std::vector<std::pair<std::string, std::string>>;

namespace {

Gpu a100() {
  Gpu gpu;
  gpu.vendor = GpuVendor::nvidia;
  gpu.name = "A100";
  gpu.uuid = "GPU-a";
  gpu.address = "0000:01:00.0";
  gpu.number = 0;
  gpu.total = 80'000'000'000;
  gpu.free = 50'000'000'000;
  gpu.source = "nvml";
  Constraint c;
  c.name = "nvml.memory";
  c.where = "GPU-a";
  c.limit = gpu.total;
  c.available = gpu.free;
  gpu.reading.pool = Pool::vram;
  gpu.reading.constraints = {c};
  return gpu;
}

Gpu radeon() {
  Gpu gpu;
  gpu.vendor = GpuVendor::amd;
  gpu.name = "Radeon";
  gpu.address = "0000:07:00.0";
  gpu.source = "amdgpu";
  gpu.runtime_index = 3;
  gpu.skipped = "another vendor's GPUs are used";
  return gpu;
}

Constraint limit(std::uint64_t available) {
  Constraint c;
  c.name = "cgroup2.dmem.max";
  c.where = "/sys/fs/cgroup/job";
  c.file = "dmem.max";
  c.level = "/job";
  c.available = available;
  return c;
}

}  // namespace

TEST_CASE("GPUs are listed with what makes them out", "[gpus]") {
  CHECK(
      render_gpus_text({a100(), radeon()}, {}) ==
      "    device      total       free     usable  GPU, and what said so\n"
      "  >      0    80.0 GB    50.0 GB    50.0 GB  A100, GPU-a, "
      "0000:01:00.0\n"
      "                                             nvml: used\n"
      "         -          -          -          -  Radeon, 0000:07:00.0\n"
      "                                             amdgpu: not used: another "
      "vendor's GPUs are used\n");
  CHECK(render_gpus_text({}, {}) == "");
}

TEST_CASE("what binds a GPU's memory is said", "[gpus]") {
  Gpu gpu = a100();
  gpu.reading.constraints.push_back(limit(3'000'000'000));
  gpu.reading.per_process_cap = ProcessCap{"CUDA_MPS", 2'000'000'000};
  gpu.reading.diagnostics = {"APU: so and so"};
  const std::string text = render_gpus_text({gpu}, {});
  CHECK_THAT(text, ContainsSubstring("    3.0 GB  A100"));
  CHECK_THAT(text, ContainsSubstring("nvml: used, bound by dmem.max of /job, a "
                                     "process may have 2.0 GB (CUDA_MPS)\n"));
  CHECK_THAT(text, ContainsSubstring("             APU: so and so\n"));
  gpu.memory = GpuMemory::shared;
  CHECK_THAT(render_gpus_text({gpu}, {}),
             ContainsSubstring("used, takes its memory from RAM, bound by"));
  TextStyle style;
  style.colour = true;
  CHECK_THAT(render_gpus_text({gpu}, style), ContainsSubstring("\x1b[1m  >"));
}

TEST_CASE("GPUs in JSON", "[gpus]") {
  Gpu gpu = a100();
  gpu.reading.per_process_cap = ProcessCap{"CUDA_MPS", 2};
  const auto json = gpus_json({gpu, radeon()});
  CHECK(json[0] ==
        nlohmann::ordered_json::parse(R"({"vendor": "nvidia", "name": "A100",
          "uuid": "GPU-a", "address": "0000:01:00.0", "number": 0,
          "source": "nvml", "memory": "own", "used": true,
          "total": 80000000000, "free": 50000000000,
          "available": 50000000000, "binding": "nvml.memory",
          "constraints": [{"name": "nvml.memory", "where": "GPU-a",
            "limit": 80000000000, "available": 50000000000, "exact": true}],
          "per_process_cap": {"name": "CUDA_MPS", "bytes": 2},
          "diagnostics": []})"));
  CHECK(json[1] ==
        nlohmann::ordered_json::parse(R"({"vendor": "amd", "name": "Radeon",
          "address": "0000:07:00.0", "source": "amdgpu", "memory": "own",
          "used": false, "reason": "another vendor's GPUs are used",
          "constraints": [], "diagnostics": []})"));
}

TEST_CASE("GPUs are shown to a program by name where there is one", "[gpus]") {
  Gpu other = a100();
  other.uuid = "MIG-b";
  const auto nvidia = show_gpus({other, a100()});
  REQUIRE(nvidia);
  CHECK(nvidia->set == Pairs{{"CUDA_VISIBLE_DEVICES", "MIG-b,GPU-a"}});
  CHECK(nvidia->unset.empty());

  const auto amd = show_gpus({radeon()});
  CHECK(amd->set == Pairs{{"ROCR_VISIBLE_DEVICES", "3"}});
  CHECK(amd->unset == std::vector<std::string>{"HIP_VISIBLE_DEVICES",
                                               "CUDA_VISIBLE_DEVICES",
                                               "GPU_DEVICE_ORDINAL"});
  Gpu named = radeon();
  named.uuid = "GPU-00ff";
  CHECK(show_gpus({named})->set == Pairs{{"ROCR_VISIBLE_DEVICES", "GPU-00ff"}});
  // all by name or all by number
  CHECK(show_gpus({named, radeon()})->set ==
        Pairs{{"ROCR_VISIBLE_DEVICES", "3,3"}});

  Gpu arc = radeon();
  arc.vendor = GpuVendor::intel;
  CHECK(show_gpus({arc})->set == Pairs{{"ZE_AFFINITY_MASK", "3"}});
  CHECK(show_gpus({})->set.empty());
}

TEST_CASE("a GPU that no variable can show is an error", "[gpus]") {
  Gpu nvk = a100();
  nvk.source = "vulkan";
  CHECK(show_gpus({nvk}).error().message ==
        "no variable shows a program only GPU-a");
  Gpu nameless = a100();
  nameless.uuid.clear();
  CHECK(show_gpus({nameless}).error().message ==
        "no variable shows a program only 0000:01:00.0 "
        "(CUDA_VISIBLE_DEVICES)");
  CHECK_FALSE(show_gpu(nameless, 0));
}

TEST_CASE("a copy of the command learns its GPU", "[gpus]") {
  CHECK(show_gpu(a100(), 1)->set == Pairs{{"CUDA_VISIBLE_DEVICES", "GPU-a"},
                                          {"FITRUN_GPU_INDEX", "1"},
                                          {"FITRUN_GPU_UUID", "GPU-a"}});
}
