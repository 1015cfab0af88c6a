// From what the sources said to the GPUs that are used. Pure.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/source.h"
#include "gpu/vram_options.h"

namespace fitrun {

// Into `listing.gpus`, in the order of the selection. The error says which name
// or GPU is to blame.
Result<std::vector<std::size_t>> select_gpus(const GpuListing& listing,
                                             const VramOptions& options);

// Whether every name of the selection that is not a number is a GPU of this
// listing: so a list of PCI addresses finds its vendor.
bool knows_all(const GpuListing& listing, const DeviceChoice& selection);

}  // namespace fitrun
