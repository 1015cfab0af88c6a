// A stage: one command and the memory it needs, as its descriptor says.
//
// Plain values, checked and with their origins, but with nothing looked up yet:
// files are not measured (stage/cost.h does that) and `want = "cpus"` is not a
// number. A Stage can also come from flags alone. TOML stays in
// stage/parse.cpp.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/device_choice.h"
#include "base/pool.h"
#include "base/sourced.h"
#include "base/spread.h"
#include "stage/tool.h"

namespace fitrun {

// PID_MAX_LIMIT of the kernel (include/linux/threads.h): no machine runs more
// processes, so a larger count is a slip of the keyboard.
inline constexpr std::uint64_t kMostWorkers = 4U << 20;

inline constexpr std::chrono::milliseconds kDefaultProbeTimeout{10'000};

// What to do when not even one worker fits.
enum class OnNoFit { run_one, fail, wait };

// Whether jobs that would not fit beside the running ones are stopped at birth.
enum class Hold { automatic, on, off };

// Empty: as many workers as CPUs that this process may use.
using Want = std::optional<std::uint64_t>;

// What an absent input file means.
enum class Missing { error, zero };

// The size of a file, or of all files that a glob names, times a factor: what
// the data takes once it is parsed.
struct FileCost {
  std::string file;  // as written, ${NAME} replaced
  std::string path;  // below the descriptor's folder
  // As find_glob() takes it: what is written in the descriptor is a pattern,
  // its folder and values of ${NAME} are not. Empty: no pattern at all.
  std::string pattern{};
  double parse_factor = 1.0;
  Missing missing = Missing::error;
};

struct CostTerm {
  std::variant<Bytes, FileCost> amount;
  std::string origin;  // "stages/html.toml:7"
};

// The sum of its terms; no terms is no cost.
using Cost = std::vector<CostTerm>;

struct PoolNeeds {
  Pool pool = Pool::ram;
  Sourced<double> headroom{kDefaultHeadroom, "default"};  // 0 < headroom <= 1
  Sourced<Bytes> reserve{{}, "default"};
  Cost fixed;
  Cost per_worker;
  // A command that prints free bytes in place of the built-in probe; empty is
  // none. A relative path stands below the descriptor's folder.
  std::vector<std::string> probe;
  std::chrono::milliseconds probe_timeout = kDefaultProbeTimeout;
  std::string probe_origin;
  DeviceChoice devices;  // of vram only, like `spread`
  std::string devices_origin = "default";
  Sourced<Spread> spread{Spread::first, "default"};
  // Replaces every probe: what an outside scheduler says is there.
  std::optional<Sourced<Bytes>> available;
};

// A variable set for the command; `text` may hold placeholders.
struct Injection {
  std::string name;
  std::string text;
};

// Whether a stage may say nothing of what it costs: one that is to be measured
// may.
enum class CostRule { required, optional };

struct Stage {
  std::string file;  // the descriptor; empty where flags alone make the stage
  std::string name;  // [stages.NAME] of a project's file; "" for a descriptor
  std::string text;  // the descriptor's, as it was read
  Sourced<std::string> label;  // empty: log lines carry no tag
  Sourced<Want> want{{}, "default"};
  std::vector<std::string> command;  // may be empty
  Sourced<OnNoFit> on_no_fit{OnNoFit::run_one, "default"};
  Sourced<Hold> hold{Hold::automatic, "default"};
  std::vector<PoolNeeds> pools;  // ram before vram
  std::vector<Injection> inject;
  std::optional<Tool> tool;  // the [tool] table
  bool record = false;       // each launch is recorded, as with --watch
};

}  // namespace fitrun
