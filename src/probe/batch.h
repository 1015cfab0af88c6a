// How many CPUs a batch system promised the job that we are in. Clusters that
// do not bind a job to its CPUs tell it by a variable alone, and a job that
// takes all CPUs of the node takes its neighbours'.

#pragma once

#include <cstdint>
#include <optional>

#include "base/sourced.h"
#include "os/environment.h"

namespace fitrun::probe {

// The smallest promise, with the variable that makes it. A variable counts only
// inside a job of its batch system: outside, people use the same names.
//
//   Grid Engine  NSLOTS               in a job with a parallel environment:
//                                     JOB_ID and PE are set (qsub(1))
//   LSF          LSB_DJOB_NUMPROC     LSB_JOBID ("Environment variables set for
//                                     job execution" of the LSF reference)
//   PBS          NCPUS, PBS_NCPUS     PBS_JOBID; the first is this node's share
//                                     (OpenPBS, qsub(1B)), the second, which
//                                     sites add, the whole job's
//   Slurm        SLURM_CPUS_ON_NODE   SLURM_JOB_ID (sbatch(1), srun(1))
//
// Those of Grid Engine and LSF are the whole job's, which may have several
// nodes: a promise is an upper bound, never a reason to take more than affinity
// and quotas allow.
std::optional<Sourced<std::uint64_t>> promised_cpus(
    const Environment& environment);

}  // namespace fitrun::probe
