// Who puts the workers on which GPU. The one word that all folders share for
// it.

#pragma once

#include <optional>
#include <string_view>

namespace fitrun {

enum class Spread {
  first,       // the command puts everything on its device 0
  pin,         // one copy of the command per GPU, each with its own count
  roundrobin,  // one command that puts worker i on device i mod K
  even,        // one command that puts the same number on each device
  model,       // each worker spans all GPUs; costs are per GPU
};

inline constexpr Spread kSpreads[] = {Spread::first, Spread::pin,
                                      Spread::roundrobin, Spread::even,
                                      Spread::model};

// The key in descriptors and JSON.
constexpr std::string_view key_of(Spread spread) {
  switch (spread) {
    case Spread::first:
      return "first";
    case Spread::pin:
      return "pin";
    case Spread::roundrobin:
      return "roundrobin";
    case Spread::even:
      return "even";
    case Spread::model:
      break;
  }
  return "model";
}

constexpr std::optional<Spread> spread_from_key(std::string_view key) {
  for (const Spread spread : kSpreads)
    if (key_of(spread) == key) return spread;
  return std::nullopt;
}

}  // namespace fitrun
