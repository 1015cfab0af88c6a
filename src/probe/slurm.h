// What a Slurm job was promised, for clusters that do not enforce it: without
// a cgroup limit, nothing else on the node says how much of it is ours.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "os/environment.h"
#include "probe/constraint.h"

namespace fitrun {

// The CPUs of one node of a list in Slurm's form, "72(x2),36"; `node` counts
// from 0.
std::optional<std::uint64_t> slurm_cpus_of(std::string_view list,
                                           std::uint64_t node);

// A number of MiB in bytes; a letter K, M, G or T replaces the unit, as for
// --mem (sbatch(1)).
std::optional<std::uint64_t> slurm_memory(std::string_view text);

namespace probe {

// "env.SLURM_MEM_PER_NODE", "env.SLURM_MEM_PER_CPU" (times the CPUs of the job
// on this node) or "env.SLURM_MEM_PER_GPU" (times its GPUs), or nothing outside
// of Slurm.
std::optional<Constraint> slurm_promise(const Environment& environment);

}  // namespace probe
}  // namespace fitrun
