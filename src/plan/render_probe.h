// What `fitrun probe` shows: every constraint of the machine, the one that
// binds, and what to change to get more. Pure; the table is for people, the
// JSON for programs.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sourced.h"
#include "gpu/gpu.h"
#include "plan/text_style.h"
#include "probe/constraint.h"

namespace fitrun {

// All that a machine says, in one piece.
struct MachineReading {
  std::vector<PoolReading> pools;
  Sourced<std::uint64_t> cpus;
  std::vector<WorkerCap> worker_caps;
  std::optional<Pressure> pressure;
  VramReading gpus;
};

std::string render_probe_text(const MachineReading& machine,
                              const TextStyle& style);

std::string render_probe_json(const MachineReading& machine);

}  // namespace fitrun
