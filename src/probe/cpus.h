// How many CPUs this process may use: the default of `want`.
//
// The same number as `nproc` of coreutils 9.8 and later, and for the same
// reasons: the affinity mask (cpusets included), CPU quotas of all cgroup
// levels, and the variables of OpenMP, of which OMP_NUM_THREADS replaces the
// count, even upwards. nproc reads quotas of cgroup version 2 only; here those
// of version 1 count too, and what a batch system promised the job (batch.h).

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/sourced.h"
#include "probe/self.h"

namespace fitrun {

// The numbers in a kernel list like "0-3,8,10-11" (Documentation/admin-guide/
// cputopology.rst counts them so); empty where the text is not such a list.
std::optional<std::uint64_t> count_cpu_list(std::string_view text);

// How many are in both lists.
std::optional<std::uint64_t> count_common_cpus(std::string_view a,
                                               std::string_view b);

// The CPUs that `quota` of `period` microseconds gives, rounded to the nearest
// and at least 1; empty where `period` is 0.
std::optional<std::uint64_t> cpus_of_quota(std::uint64_t quota,
                                           std::uint64_t period);

// "200000 100000" as 2; empty for "max 100000" and what is not a quota.
std::optional<std::uint64_t> parse_cpu_max(std::string_view text);

// A thread count of OpenMP's: digits between blanks, or the first of a list;
// empty for 0 and everything else.
std::optional<std::uint64_t> parse_omp_threads(std::string_view text);

// Whether /proc/self/stat names a scheduling policy that quotas do not bind:
// FIFO, RR or DEADLINE (its 41st field, man 5 proc).
bool is_real_time(std::string_view stat);

namespace probe {

// At least 1. The origin is what decides: "affinity", "cgroup2.cpu.max",
// "cgroup1.cpu.cfs_quota", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", or a variable
// of promised_cpus().
Sourced<std::uint64_t> cpus(Self& self);

// For those who ask nothing else.
Sourced<std::uint64_t> cpus(const Host& host, const Environment& environment);

}  // namespace probe
}  // namespace fitrun
