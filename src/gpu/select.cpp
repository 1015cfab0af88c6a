#include "gpu/select.h"

#include <algorithm>

#include "base/text.h"

namespace fitrun {
namespace {

using Picks = std::vector<std::size_t>;

bool is_number(std::string_view name) {
  return parse_count(name).has_value();
}

// The GPUs that `name`, which is not a number, fits: one, or several where it
// begins several UUIDs.
Picks named(const GpuListing& listing, const std::string& name) {
  const std::string wanted = to_lower(trim(name));
  Picks exact, beginning;
  for (std::size_t i = 0; i < listing.gpus.size(); ++i) {
    const Gpu& gpu = listing.gpus[i];
    const std::string uuid = to_lower(gpu.uuid);
    if (wanted.empty()) continue;
    if (uuid == wanted) exact.push_back(i);
    // A MIG instance has the address of its GPU: an address may fit several.
    if (!gpu.address.empty() && gpu.address == pci_address(wanted))
      exact.push_back(i);
    if (uuid.starts_with(wanted)) beginning.push_back(i);
  }
  return exact.empty() ? beginning : exact;
}

std::string seen_by_command(const GpuListing& listing, const Picks& pool) {
  std::string text;
  for (const std::size_t i : pool) {
    if (!text.empty()) text += ", ";
    const Gpu& gpu = listing.gpus[i];
    if (gpu.number) text += std::to_string(*gpu.number) + " ";
    text += "(" + identity(gpu) + ")";
  }
  return text.empty() ? "none" : text;
}

Result<std::size_t> find(const GpuListing& listing, const Picks& pool,
                         const std::string& name) {
  const std::string head = "devices: " + in_quotes(name);
  if (const auto number = parse_count(name)) {
    for (const std::size_t i : pool)
      if (listing.gpus[i].number == *number) return i;
  } else {
    const Picks fits = named(listing, name);
    Picks visible;
    for (const std::size_t i : fits)
      if (contains(pool, i)) visible.push_back(i);
    if (visible.size() == 1) return visible.front();
    if (visible.size() > 1) return Error{head + " fits several GPUs"};
    if (!fits.empty()) {
      const Gpu& gpu = listing.gpus[fits.front()];
      return Error{head + " cannot be used: " + gpu.skipped};
    }
  }
  return Error{head + " is not a GPU that the command sees: it sees " +
               seen_by_command(listing, pool)};
}

Result<Picks> listed(const GpuListing& listing, const Picks& pool,
                     const std::vector<std::string>& names) {
  Picks picks;
  for (const std::string& name : names) {
    const auto found = find(listing, pool, name);
    if (!found) return found.error();
    if (contains(picks, *found))
      return Error{"devices: " + in_quotes(name) + " is repeated"};
    picks.push_back(*found);
  }
  return picks;
}

}  // namespace

bool knows_all(const GpuListing& listing, const DeviceChoice& selection) {
  bool any = false;
  for (const std::string& name : selection.names) {
    if (is_number(name)) continue;
    if (named(listing, name).empty()) return false;
    any = true;
  }
  return any;
}

Result<Picks> select_gpus(const GpuListing& listing,
                          const VramOptions& options) {
  const DeviceChoice& selection = options.devices;
  const Picks& pool = options.processes == VramOptions::Processes::one
                          ? listing.one_process
                          : listing.each_process;
  const bool by_number =
      selection.choice != DeviceChoice::listed ||
      std::any_of(selection.names.begin(), selection.names.end(), is_number);
  if (!listing.unclear.empty() && by_number && pool.size() > 1)
    return Error{listing.unclear};

  Picks wanted = pool;
  if (selection.choice == DeviceChoice::listed) {
    auto found = listed(listing, pool, selection.names);
    if (!found) return found;
    wanted = std::move(found).value();
  }
  Picks usable;
  for (const std::size_t i : wanted) {
    const std::string& problem = listing.gpus[i].problem;
    if (!problem.empty()) {
      if (options.broken == VramOptions::Broken::refuse) return Error{problem};
      continue;
    }
    usable.push_back(i);
    if (selection.choice == DeviceChoice::first) break;
  }
  if (usable.empty() && !wanted.empty())
    return Error{listing.gpus[wanted.front()].problem};
  return usable;
}

}  // namespace fitrun
