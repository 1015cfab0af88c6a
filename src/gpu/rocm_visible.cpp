#include "gpu/rocm_visible.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "gpu/gpu.h"

namespace fitrun {
namespace {

// As strtol with base 0 reads the whole of an entry: decimal, 0x1, 010.
std::optional<std::size_t> whole_number(const std::string& entry) {
  if (entry.empty() || entry[0] < '0' || entry[0] > '9') return std::nullopt;
  char* end = nullptr;
  const unsigned long number = std::strtoul(entry.c_str(), &end, 0);
  if (*end != '\0') return std::nullopt;
  return number;
}

// A beginning of a UUID that fits exactly one GPU; letter case is ignored.
std::optional<std::size_t> by_uuid(const std::vector<std::string>& uuids,
                                   std::string_view entry) {
  constexpr std::size_t kShortest = 5;
  constexpr std::size_t kLongest = 20;
  if (entry.size() < kShortest || entry.size() > kLongest) return std::nullopt;
  const std::string wanted = to_lower(entry);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < uuids.size(); ++i) {
    if (!to_lower(uuids[i]).starts_with(wanted)) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

// ROCR_VISIBLE_DEVICES; the list ends at a bad or repeated entry.
std::vector<std::size_t> runtime_picks(const std::vector<std::string>& uuids,
                                       const std::string& list,
                                       std::vector<std::string>& notes) {
  constexpr const char* kName = "ROCR_VISIBLE_DEVICES";
  std::vector<std::size_t> picks;
  if (trim(list).empty()) {
    notes.push_back(std::string(kName) + " is empty: no GPU is visible");
    return picks;
  }
  for (const std::string_view raw : split(list, ',')) {
    if (picks.size() == uuids.size()) break;
    const std::string entry(trim(raw));
    const bool named = entry.starts_with('G') || entry.starts_with('g');
    const auto pick = named ? by_uuid(uuids, entry) : whole_number(entry);
    if (pick && *pick < uuids.size() && !contains(picks, *pick)) {
      picks.push_back(*pick);
      continue;
    }
    const bool repeated = pick && *pick < uuids.size();
    notes.push_back(std::string(kName) + "=" + short_text(list) + ": " +
                    in_quotes(entry) +
                    (repeated ? " is repeated" : " is not a device") +
                    ", the list ends before it");
    break;
  }
  return picks;
}

// HIP's list, over the GPUs that the runtime left. Only numbers as they are
// printed and whole UUIDs count; repeated entries are passed over.
std::vector<std::size_t> hip_picks(const std::vector<std::string>& uuids,
                                   const std::vector<std::size_t>& left,
                                   const std::string& name,
                                   const std::string& list,
                                   std::vector<std::string>& notes) {
  std::vector<std::size_t> picks;
  for (const std::string_view entry : split(list, ',')) {
    std::optional<std::size_t> pick;
    for (std::size_t i = 0; i < left.size(); ++i)
      if (entry == std::to_string(i) || entry == uuids[left[i]]) pick = left[i];
    if (!pick) {
      notes.push_back(fmt::format(
          "{}={}: {} is not among the {} that ROCm shows, the list ends before "
          "it",
          name, short_text(list), in_quotes(entry), left.size()));
      break;
    }
    if (!contains(picks, *pick)) picks.push_back(*pick);
  }
  return picks;
}

}  // namespace

DeviceList rocm_visible(const std::vector<std::string>& uuids,
                        const Environment& environment) {
  DeviceList seen;
  if (const auto list = environment.get("ROCR_VISIBLE_DEVICES")) {
    seen.picks = runtime_picks(uuids, *list, seen.notes);
  } else {
    for (std::size_t i = 0; i < uuids.size(); ++i) seen.picks.push_back(i);
  }
  // Set and empty is unset, here and only here.
  for (const char* const name :
       {"HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"}) {
    const auto list = environment.get(name);
    if (!list || list->empty()) continue;
    seen.picks = hip_picks(uuids, seen.picks, name, *list, seen.notes);
    break;
  }
  if (environment.get("GPU_DEVICE_ORDINAL").value_or("") != "") {
    seen.notes.emplace_back(
        "GPU_DEVICE_ORDINAL is set: OpenCL programs go by it, fitrun does not");
  }
  return seen;
}

DeviceList level_zero_visible(std::size_t count,
                              const Environment& environment) {
  DeviceList seen;
  const auto all = [&] {
    seen.picks.clear();
    for (std::size_t i = 0; i < count; ++i) seen.picks.push_back(i);
  };
  all();
  const auto unclear = [&](const std::string& why) {
    all();
    seen.order = DeviceList::Order::unclear;
    seen.notes.push_back(why);
    return seen;
  };
  if (environment.get("ONEAPI_DEVICE_SELECTOR"))
    return unclear(
        "ONEAPI_DEVICE_SELECTOR is not understood: name the GPU by its address "
        "(devices)");
  const auto mask = environment.get("ZE_AFFINITY_MASK");
  if (!mask || trim(*mask).empty()) return seen;
  seen.picks.clear();
  for (const std::string_view entry : split(*mask, ',')) {
    const auto number = parse_count(trim(entry));
    if (!number)
      return unclear("ZE_AFFINITY_MASK=" + short_text(*mask) +
                     " is not a list of plain numbers: name the GPU by its "
                     "address (devices)");
    if (*number < count && !contains(seen.picks, *number))
      seen.picks.push_back(*number);
  }
  // A mask hides; it does not change the order.
  std::sort(seen.picks.begin(), seen.picks.end());
  if (seen.picks.empty())
    seen.notes.push_back("ZE_AFFINITY_MASK=" + short_text(*mask) +
                         " shows no GPU");
  return seen;
}

}  // namespace fitrun
