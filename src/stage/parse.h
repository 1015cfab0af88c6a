// From the text of a descriptor to a Stage, or to every mistake in it.
//
// Pure but for the environment that ${NAME} is taken from, which is handed in.

#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "os/environment.h"
#include "stage/diagnostic.h"
#include "stage/stage.h"

namespace fitrun {

// `file` is the descriptor's path as the user gave it: origins carry it, and
// relative inputs stand below its folder.
std::variant<Stage, std::vector<Diagnostic>> parse_stage(
    std::string_view text, std::string_view file,
    const Environment& environment, CostRule rule = CostRule::required);

}  // namespace fitrun
