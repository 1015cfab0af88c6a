// The memories that can run out. The one word that all folders share for them.

#pragma once

#include <optional>
#include <string_view>

namespace fitrun {

enum class Pool { ram, vram };

inline constexpr Pool kPools[] = {Pool::ram, Pool::vram};

// The share of a pool's available memory that a launch may plan with where
// nobody says otherwise.
inline constexpr double kDefaultHeadroom = 0.7;

// The key in descriptors, flags and JSON.
constexpr std::string_view key_of(Pool pool) {
  return pool == Pool::ram ? "ram" : "vram";
}

// The word in log lines and the plan.
constexpr std::string_view name_of(Pool pool) {
  return pool == Pool::ram ? "RAM" : "VRAM";
}

constexpr std::optional<Pool> pool_from_key(std::string_view key) {
  for (const Pool pool : kPools)
    if (key_of(pool) == key) return pool;
  return std::nullopt;
}

}  // namespace fitrun
