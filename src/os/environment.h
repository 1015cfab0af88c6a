// Environment variables, of this process or of a described machine.
//
// Code that reads a variable takes an Environment, so that a test hands in the
// variables of the machine it describes.

#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/environment_changes.h"
#include "base/result.h"

namespace fitrun {

class Environment {
 public:
  // The variables of this process, read when they are asked for.
  Environment() = default;
  explicit Environment(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {}

  // Empty where the variable is unset; set and empty is "".
  std::optional<std::string> get(const std::string& name) const;

  // The variables of a described machine, for a program that this process is
  // about to become; none where they are its own.
  EnvironmentChanges changes() const;

 private:
  std::optional<std::map<std::string, std::string>> variables_;
};

// Changes the environment of this process. An error names the variable that
// could not be set (EINVAL: no name; ENOMEM).
Result<void> apply(const EnvironmentChanges& changes);

// The value of a variable that names code to run; unset and empty where this
// program has more rights than its caller (set-uid, file capabilities), as
// secure_getenv(3) does.
std::string trusted_variable(const Environment& environment,
                             const std::string& name);

}  // namespace fitrun
