#include "probe/slurm.h"

#include "base/saturate.h"
#include "base/text.h"
#include "probe/cpus.h"

namespace fitrun {

std::optional<std::uint64_t> slurm_memory(std::string_view text) {
  constexpr std::string_view kUnits = "kmgt";
  text = trim(text);
  if (text.empty()) return std::nullopt;
  unsigned shift = 20;
  const std::string last = to_lower(text.substr(text.size() - 1));
  const std::size_t unit = kUnits.find(last);
  if (unit != std::string_view::npos) {
    shift = 10 * (static_cast<unsigned>(unit) + 1);
    text.remove_suffix(1);
  }
  const auto count = parse_count(text);
  if (!count) return std::nullopt;
  return multiply(*count, std::uint64_t{1} << shift);
}

std::optional<std::uint64_t> slurm_cpus_of(std::string_view list,
                                           std::uint64_t node) {
  for (std::string_view part : split(trim(list), ',')) {
    std::uint64_t repeated = 1;
    const std::size_t bracket = part.find("(x");
    if (bracket != std::string_view::npos) {
      if (!part.ends_with(')')) return std::nullopt;
      const auto times =
          parse_count(part.substr(bracket + 2, part.size() - bracket - 3));
      if (!times) return std::nullopt;
      repeated = *times;
      part = part.substr(0, bracket);
    }
    if (node < repeated) return parse_count(part);
    node -= repeated;
  }
  return std::nullopt;
}

namespace probe {
namespace {

std::optional<std::uint64_t> number(const Environment& environment,
                                    const char* name) {
  const auto text = environment.get(name);
  return text ? parse_count(trim(*text)) : std::nullopt;
}

// The CPUs that the job has on this node.
std::optional<std::uint64_t> job_cpus(const Environment& environment) {
  // Set by slurmd for the node at hand; the list is the whole job's.
  if (const auto here = number(environment, "SLURM_CPUS_ON_NODE")) return here;
  const auto list = environment.get("SLURM_JOB_CPUS_PER_NODE");
  if (!list) return std::nullopt;
  return slurm_cpus_of(*list, number(environment, "SLURM_NODEID").value_or(0));
}

// The GPUs that the job has on this node. SLURM_GPUS_ON_NODE is their number;
// SLURM_JOB_GPUS lists them, in a batch script or an interactive job;
// SLURM_GPUS_PER_NODE is what was asked for on each node, "2" or "a100:2"
// (sbatch(1), salloc(1), srun(1), since Slurm 19.05). SLURM_GPUS is the whole
// job's, on however many nodes.
std::optional<std::uint64_t> job_gpus(const Environment& environment) {
  if (const auto here = number(environment, "SLURM_GPUS_ON_NODE")) return here;
  if (const auto list = environment.get("SLURM_JOB_GPUS"))
    if (const auto count = count_cpu_list(*list)) return count;
  const auto asked = environment.get("SLURM_GPUS_PER_NODE");
  if (!asked) return std::nullopt;
  std::uint64_t sum = 0;
  for (const std::string_view part : split(trim(*asked), ',')) {
    const auto count = parse_count(part.substr(part.rfind(':') + 1));
    if (!count) return std::nullopt;
    sum = add(sum, *count);
  }
  return sum;
}

// Megabytes for each of something, times how many the job has of it.
std::optional<std::uint64_t> for_each(const std::string& text,
                                      std::optional<std::uint64_t> count,
                                      const char* nobody, Constraint& c) {
  const auto each = slurm_memory(text);
  if (!each) {
    c.reason = "not a size: " + in_quotes(text);
  } else if (!count) {
    c.reason = nobody;
  }
  return each && count ? std::optional(multiply(*each, *count)) : std::nullopt;
}

}  // namespace

std::optional<Constraint> slurm_promise(const Environment& environment) {
  Constraint c;
  c.where = "environment";
  if (const auto job = environment.get("SLURM_JOB_ID"); job && !job->empty())
    c.level = "slurm:" + *job;
  c.exact = false;  // what the job uses already is not known
  std::optional<std::uint64_t> bytes;
  if (const auto per_node = environment.get("SLURM_MEM_PER_NODE")) {
    c.name = "env.SLURM_MEM_PER_NODE";
    bytes = for_each(*per_node, 1, "", c);
  } else if (const auto per_cpu = environment.get("SLURM_MEM_PER_CPU")) {
    c.name = "env.SLURM_MEM_PER_CPU";
    bytes = for_each(*per_cpu, job_cpus(environment),
                     "neither SLURM_CPUS_ON_NODE nor SLURM_JOB_CPUS_PER_NODE "
                     "says for how many CPUs",
                     c);
  } else if (const auto per_gpu = environment.get("SLURM_MEM_PER_GPU")) {
    c.name = "env.SLURM_MEM_PER_GPU";
    bytes = for_each(*per_gpu, job_gpus(environment),
                     "none of SLURM_GPUS_ON_NODE, SLURM_JOB_GPUS and "
                     "SLURM_GPUS_PER_NODE says for how many GPUs",
                     c);
  } else {
    return std::nullopt;
  }
  if (bytes == 0) {  // --mem=0 asks for all that the node has
    c.reason = "0: all memory of the node";
    bytes.reset();
  }
  c.limit = bytes;
  c.available = bytes;
  return c;
}

}  // namespace probe
}  // namespace fitrun
