#include "gpu/cuda_visible.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "gpu/gpu.h"

namespace fitrun {
namespace {

constexpr const char* kVariable = "CUDA_VISIBLE_DEVICES";

enum class ListKind { numbers, gpus, instances };

// The kind of the first entry decides for the whole list.
ListKind kind_of(std::string_view entry) {
  if (entry.starts_with("GPU-")) return ListKind::gpus;
  if (entry.starts_with("MIG-")) return ListKind::instances;
  return ListKind::numbers;
}

// What an entry of the list names.
struct Match {
  enum class Kind { found, none, ambiguous } kind = Kind::none;
  CudaPick pick;
};

// As strtol reads it: a sign, then digits, and anything after them is ignored.
// Negative and unreadable are no number.
std::optional<std::size_t> leading_number(std::string_view entry) {
  if (entry.starts_with('+')) entry.remove_prefix(1);
  const std::string_view digits =
      entry.substr(0, entry.find_first_not_of("0123456789"));
  return parse_count(digits);
}

// A GPU in MIG mode stands for its first instance.
Match whole_device(const std::vector<CudaDevice>& devices, std::size_t at) {
  if (devices[at].mig == CudaDevice::Mig::off)
    return {Match::Kind::found, {at, std::nullopt}};
  if (devices[at].instances.empty()) return {};
  return {Match::Kind::found, {at, 0}};
}

Match match_number(const std::vector<CudaDevice>& devices,
                   std::string_view entry) {
  const auto number = leading_number(entry);
  if (!number) return {};
  std::size_t seen = 0;
  for (std::size_t at = 0; at < devices.size(); ++at) {
    if (devices[at].access == CudaDevice::Access::forbidden) continue;
    if (seen++ == *number) return whole_device(devices, at);
  }
  return {};
}

// A UUID or the unique beginning of one.
Match match_gpu(const std::vector<CudaDevice>& devices,
                std::string_view entry) {
  if (!entry.starts_with("GPU-")) return {};
  std::optional<std::size_t> found;
  for (std::size_t at = 0; at < devices.size(); ++at) {
    if (devices[at].access == CudaDevice::Access::forbidden) continue;
    if (!devices[at].uuid.starts_with(entry)) continue;
    if (found) return {Match::Kind::ambiguous, {}};
    found = at;
  }
  return found ? whole_device(devices, *found) : Match{};
}

// "MIG-<uuid>", or before driver R470 "MIG-GPU-<uuid>/<gpu>/<compute>".
Match match_instance(const std::vector<CudaDevice>& devices,
                     std::string_view entry) {
  for (std::size_t at = 0; at < devices.size(); ++at) {
    if (devices[at].access == CudaDevice::Access::forbidden) continue;
    const auto& instances = devices[at].instances;
    for (std::size_t i = 0; i < instances.size(); ++i) {
      const std::string old_name =
          fmt::format("MIG-{}/{}/{}", devices[at].uuid,
                      instances[i].gpu_instance, instances[i].compute_instance);
      if (entry == instances[i].uuid || entry == old_name)
        return {Match::Kind::found, {at, i}};
    }
  }
  return {};
}

Match match_entry(const std::vector<CudaDevice>& devices, ListKind kind,
                  std::string_view entry) {
  switch (kind) {
    case ListKind::gpus:
      return match_gpu(devices, entry);
    case ListKind::instances:
      return match_instance(devices, entry);
    case ListKind::numbers:
      return match_number(devices, entry);
  }
  return {};
}

// An entry in a message: in single quotes, printable and not too long.
std::string entry_text(std::string_view entry) {
  const std::string text = in_quotes(entry);
  return "'" + text.substr(1, text.size() - 2) + "'";
}

std::vector<CudaPick> picks_of_list(const std::vector<CudaDevice>& devices,
                                    const std::string& list,
                                    std::vector<std::string>& notes) {
  std::vector<CudaPick> picks;
  const std::string head = std::string(kVariable) + "=" + short_text(list);
  if (trim(list).empty()) {
    notes.push_back(std::string(kVariable) + " is empty: no GPU is visible");
    return picks;
  }
  const std::vector<std::string_view> entries = split(list, ',');
  const ListKind kind = kind_of(trim(entries[0]));
  for (const std::string_view raw : entries) {
    const std::string_view entry = trim(raw);
    const Match match = match_entry(devices, kind, entry);
    if (match.kind != Match::Kind::found) {
      const char* const why = match.kind == Match::Kind::ambiguous
                                  ? " is ambiguous, the list ends before it"
                                  : " is not a device, the list ends before it";
      notes.push_back(head + ": " + entry_text(entry) + why);
      return picks;
    }
    if (std::find(picks.begin(), picks.end(), match.pick) != picks.end()) {
      notes.push_back(head + ": " + entry_text(entry) +
                      " is repeated, so CUDA shows no GPU");
      return {};
    }
    picks.push_back(match.pick);
  }
  return picks;
}

std::vector<CudaPick> all_picks(const std::vector<CudaDevice>& devices) {
  std::vector<CudaPick> picks;
  for (std::size_t at = 0; at < devices.size(); ++at) {
    if (devices[at].access == CudaDevice::Access::forbidden) continue;
    if (devices[at].mig == CudaDevice::Mig::off)
      picks.push_back({at, std::nullopt});
    for (std::size_t i = 0; i < devices[at].instances.size(); ++i)
      picks.push_back({at, i});
  }
  return picks;
}

// Of compute instances in one GPU instance only the first: they share memory.
std::vector<CudaPick> without_shared(const std::vector<CudaDevice>& devices,
                                     const std::vector<CudaPick>& picks) {
  std::vector<CudaPick> kept;
  const auto gpu_instance = [&](const CudaPick& pick) {
    return devices[pick.device].instances[*pick.instance].gpu_instance;
  };
  for (const CudaPick& pick : picks) {
    const auto shares = [&](const CudaPick& other) {
      return pick.instance && other.instance && pick.device == other.device &&
             gpu_instance(pick) == gpu_instance(other);
    };
    if (std::none_of(kept.begin(), kept.end(), shares)) kept.push_back(pick);
  }
  return kept;
}

// The devices that libcuda lists; empty where one of them is unknown here.
std::vector<CudaPick> picks_of_order(const std::vector<CudaDevice>& devices,
                                     const std::vector<std::string>& order) {
  std::vector<CudaPick> picks;
  const std::vector<CudaPick> all = all_picks(devices);
  for (const std::string& uuid : order) {
    const auto named = [&](const CudaPick& pick) {
      const CudaDevice& device = devices[pick.device];
      return uuid == (pick.instance ? device.instances[*pick.instance].uuid
                                    : device.uuid);
    };
    const auto found = std::find_if(all.begin(), all.end(), named);
    if (found == all.end()) return {};
    picks.push_back(*found);
  }
  return picks;
}

}  // namespace

bool needs_cuda_order(const std::vector<CudaDevice>& devices,
                      const Environment& environment) {
  if (environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID") return false;
  if (const auto list = environment.get(kVariable)) {
    if (trim(*list).empty()) return false;
    if (kind_of(trim(split(*list, ',')[0])) != ListKind::numbers) return false;
  }
  const CudaDevice* first = nullptr;
  for (const CudaDevice& device : devices) {
    if (device.access == CudaDevice::Access::forbidden) continue;
    if (!first) first = &device;
    if (device.name != first->name) return true;
  }
  return false;
}

CudaVisibility cuda_visible(const std::vector<CudaDevice>& devices,
                            const Environment& environment,
                            const std::vector<std::string>& cuda_order) {
  CudaVisibility seen;
  const auto list = environment.get(kVariable);
  std::vector<CudaPick> picks =
      list ? picks_of_list(devices, *list, seen.notes) : all_picks(devices);

  const auto is_instance = [](const CudaPick& p) { return p.instance; };
  const bool with_mig = std::any_of(picks.begin(), picks.end(), is_instance);
  if (needs_cuda_order(devices, environment) && !picks.empty()) {
    const std::vector<CudaPick> ordered = picks_of_order(devices, cuda_order);
    if (ordered.empty()) {
      seen.order = CudaVisibility::Order::unclear;
    } else if (!with_mig) {
      picks = ordered;
    } else {
      seen.one_process = ordered;
    }
  }

  seen.each_process = without_shared(devices, picks);
  if (!seen.one_process.empty()) return seen;
  const auto first_instance =
      std::find_if(picks.begin(), picks.end(), is_instance);
  if (first_instance != picks.end()) {
    seen.one_process = {*first_instance};
  } else {
    seen.one_process = picks;
  }
  return seen;
}

}  // namespace fitrun
