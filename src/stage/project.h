// A project's own file: fitrun.toml, with the descriptors of its stages beside
// each other as [stages.NAME] tables. It is found upward from the current
// folder, so that `fitrun NAME` works everywhere below it.
//
// Descriptors are trusted as Makefiles are, and this one is not named by
// anybody: so it counts only where nobody but the user and root can have
// written it.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fitrun {

inline constexpr const char* kProjectFile = "fitrun.toml";

struct Project {
  std::string file{};  // "fitrun.toml", "../fitrun.toml"; "": there is none
  std::string text{};
  std::vector<std::string> stages{};  // their names, sorted
  // Why a file that was found does not count, in a line; "" where it does.
  std::string ignored{};

  bool has(std::string_view name) const;
};

// The nearest fitrun.toml at or above the current folder.
Project find_project();

// The names of the [stages.NAME] tables, sorted; empty where the text is no
// project's file but a descriptor, or no TOML.
std::optional<std::vector<std::string>> stage_names(std::string_view text);

// The part of a project's text that [stages.NAME] and its tables are, with the
// comment above them; the whole text where they are written in another way.
std::string text_of_stage(std::string_view text, const std::string& name);

}  // namespace fitrun
