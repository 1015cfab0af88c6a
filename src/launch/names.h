// What a word of a command line means where fitrun was started, and which names
// there are.
//
// This is the one place that knows the order: what is looked at first, and that
// a tool's name is a command's first word rather than a stage.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/environment.h"
#include "stage/project.h"
#include "stage/stage.h"

namespace fitrun {

// What a word is where a stage or a command may begin.
enum class WordKind {
  stage,
  tool,     // a descriptor with [tool], by its name
  command,  // a program, by its path or in PATH
  nothing,
};

struct WordMeaning {
  WordKind kind = WordKind::nothing;
  Project project{};  // that a bare word was looked up in
  // A tool's descriptor, as it was read to know that it is one; empty where
  // something is wrong with it.
  std::optional<Stage> tool{};
};

// A word that ends in ".toml" and "-" are stages; so is a file that is not
// executable, a stage of the project and a descriptor by its name, but for a
// tool's. What is none of these may be a program.
WordMeaning meaning_of(const std::string& word, const Environment& environment);

// Where a bare word is looked up, for a message.
std::string places_of_names(const Project& project,
                            const Environment& environment);

struct KnownName {
  std::string name;
  bool tool = false;
  std::string file;  // the descriptor's, or the project's
};

// Every stage and tool that can be named here, those of the project first. Of
// descriptors of one name the one that is found.
std::vector<KnownName> known_names(const Project& project,
                                   const Environment& environment);

// What a word that means nothing can have been meant to be: "./word" or
// "word.toml" where that is here, or a near name of those and of `more`; ""
// where nothing is near.
std::string nearest_name(const std::string& word, const Project& project,
                         const Environment& environment,
                         const std::vector<std::string_view>& more = {});

}  // namespace fitrun
