#include "probe/batch.h"

#include "base/text.h"

namespace fitrun::probe {
namespace {

struct Promise {
  const char* variable;
  const char* job;   // set inside a job of that batch system
  const char* also;  // this too, if not null
};

constexpr Promise kPromises[] = {
    {"NSLOTS", "JOB_ID", "PE"},
    {"LSB_DJOB_NUMPROC", "LSB_JOBID", nullptr},
    {"NCPUS", "PBS_JOBID", nullptr},
    {"PBS_NCPUS", "PBS_JOBID", nullptr},
    {"SLURM_CPUS_ON_NODE", "SLURM_JOB_ID", nullptr},
};

}  // namespace

std::optional<Sourced<std::uint64_t>> promised_cpus(
    const Environment& environment) {
  const auto is_set = [&](const char* name) {
    const auto value = environment.get(name);
    return value && !value->empty();
  };
  std::optional<Sourced<std::uint64_t>> least;
  for (const Promise& promise : kPromises) {
    const auto text = environment.get(promise.variable);
    if (!text || !is_set(promise.job)) continue;
    if (promise.also && !is_set(promise.also)) continue;
    const auto count = parse_count(trim(*text));
    if (!count || *count == 0) continue;
    if (!least || *count < least->value) least = {*count, promise.variable};
  }
  return least;
}

}  // namespace fitrun::probe
