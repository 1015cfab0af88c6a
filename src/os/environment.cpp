#include "os/environment.h"

#include <sys/auxv.h>

#include <cstdlib>

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

void Environment::apply() const {
  if (!variables_) return;
  for (const auto& [name, value] : *variables_)
    ::setenv(name.c_str(), value.c_str(), 1);
}

std::string trusted_variable(const Environment& environment,
                             const std::string& name) {
  if (::getauxval(AT_SECURE) != 0) return {};
  return environment.get(name).value_or("");
}

}  // namespace fitrun
