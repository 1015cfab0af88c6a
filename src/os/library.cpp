#include "os/library.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <memory>

namespace fitrun {

Result<Library> Library::load(const std::string& name) {
  void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle) return Library(handle);
  const char* const why = ::dlerror();
  return Error{why ? why : name + ": cannot be loaded"};
}

void* Library::address(const char* name) const {
  return ::dlsym(handle_, name);
}

std::string Library::file() const {
  link_map* map = nullptr;
  if (::dlinfo(handle_, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0 || !map)
    return {};
  const std::unique_ptr<char, void (*)(void*)> path(
      ::realpath(map->l_name, nullptr), std::free);
  return path ? path.get() : "";
}

}  // namespace fitrun
