#include "os/environment.h"

#include <sys/auxv.h>

#include <cerrno>
#include <cstdlib>

#include "os/file.h"

namespace fitrun {

std::optional<std::string> Environment::get(const std::string& name) const {
  if (variables_) {
    const auto found = variables_->find(name);
    if (found == variables_->end()) return std::nullopt;
    return found->second;
  }
  const char* const value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return value;
}

EnvironmentChanges Environment::changes() const {
  EnvironmentChanges changes;
  if (variables_) changes.set.assign(variables_->begin(), variables_->end());
  return changes;
}

Result<void> apply(const EnvironmentChanges& changes) {
  for (const std::string& name : changes.unset) ::unsetenv(name.c_str());
  for (const auto& [name, value] : changes.set)
    if (::setenv(name.c_str(), value.c_str(), 1) != 0)
      return path_error(name, errno);
  return {};
}

std::string trusted_variable(const Environment& environment,
                             const std::string& name) {
  if (::getauxval(AT_SECURE) != 0) return {};
  return environment.get(name).value_or("");
}

}  // namespace fitrun
