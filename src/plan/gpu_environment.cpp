#include "plan/gpu_environment.h"

namespace fitrun {
namespace {

// Between commas; empty where one has none.
template <typename Name>
std::string list_of(const std::vector<Gpu>& gpus, const Name& name) {
  std::string list;
  for (const Gpu& gpu : gpus) {
    const std::string word = name(gpu);
    if (word.empty()) return {};
    if (!list.empty()) list += ',';
    list += word;
  }
  return list;
}

std::string uuid_of(const Gpu& gpu) {
  return gpu.uuid;
}

std::string index_of(const Gpu& gpu) {
  return gpu.runtime_index ? std::to_string(*gpu.runtime_index) : std::string();
}

}  // namespace

Result<EnvironmentChanges> show_gpus(const std::vector<Gpu>& gpus) {
  EnvironmentChanges changes;
  if (gpus.empty()) return changes;
  const Gpu& first = gpus.front();
  std::string variable, list;
  if (first.source != "vulkan") {
    switch (first.vendor) {
      case GpuVendor::nvidia:
        variable = "CUDA_VISIBLE_DEVICES";
        list = list_of(gpus, uuid_of);
        break;
      case GpuVendor::amd:
        variable = "ROCR_VISIBLE_DEVICES";
        list = list_of(gpus, uuid_of);
        if (list.empty()) list = list_of(gpus, index_of);
        changes.unset = {"HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES",
                         "GPU_DEVICE_ORDINAL"};
        break;
      case GpuVendor::intel:
        variable = "ZE_AFFINITY_MASK";
        list = list_of(gpus, index_of);
        break;
      case GpuVendor::other:
        break;
    }
  }
  if (list.empty()) {
    return Error{"no variable shows a program only " + identity(first) +
                 (variable.empty() ? "" : " (" + variable + ")")};
  }
  changes.set.emplace_back(variable, list);
  return changes;
}

Result<EnvironmentChanges> show_gpu(const Gpu& gpu, std::size_t index) {
  auto changes = show_gpus({gpu});
  if (!changes) return changes;
  (*changes).set.emplace_back("FITRUN_GPU_INDEX", std::to_string(index));
  (*changes).set.emplace_back("FITRUN_GPU_UUID", identity(gpu));
  return changes;
}

}  // namespace fitrun
