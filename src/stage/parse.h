// From the text of a descriptor to a Stage, or to every mistake in it.
//
// Pure but for the environment that ${NAME} is taken from, which is handed in.

#pragma once

#include <string>
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

// The same of the table [stages.NAME] of a project's file; what else stands at
// the top of the file is a mistake too. `name` is one of stage_names().
std::variant<Stage, std::vector<Diagnostic>> parse_project_stage(
    std::string_view text, std::string_view file, const std::string& name,
    const Environment& environment, CostRule rule = CostRule::required);

// Whether a descriptor is a tool's, whatever else may be wrong with it.
bool has_tool_table(std::string_view text);

}  // namespace fitrun
