// The last part of a path: "make" of "/usr/bin/make", and of "make".

#pragma once

#include <string_view>

namespace fitrun {

constexpr std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace fitrun
