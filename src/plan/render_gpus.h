// The GPUs of a machine as `fitrun probe` shows them: which are used, what each
// can give, and why the others are not used. Pure.
//
// Most reports of a wrong number turn out to be the right number of another
// GPU, so every line says which one it is: UUID and PCI address.

#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "gpu/gpu.h"
#include "plan/text_style.h"

namespace fitrun {

// A table, one GPU after the other, with two lines for each; "" without GPUs.
// A GPU is used if nothing is said in `skipped`.
std::string render_gpus_text(const std::vector<Gpu>& gpus,
                             const TextStyle& style);

// An array; unknown numbers and texts are left out.
nlohmann::ordered_json gpus_json(const std::vector<Gpu>& gpus);

}  // namespace fitrun
