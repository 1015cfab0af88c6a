#include "plan/schedulers.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/saturate.h"
#include "base/text.h"
#include "fit/request.h"

namespace fitrun {
namespace {

constexpr std::uint64_t kMiB = 1U << 20;
constexpr std::uint64_t kGigabyte = 1'000'000'000;

// docs.github.com, "GitHub-hosted runners reference" and "Larger runners
// reference". Public repositories get 16 GB under the name that has 8 GB in
// private ones. A larger runner's name is what the organization gave it.
constexpr HostedRunner kGithub[] = {
    {5, "runs-on: ubuntu-slim"},
    {8, "runs-on: ubuntu-latest"},
    {16,
     "runs-on: ubuntu-latest  # 16 GB in public repositories; in private ones "
     "a larger runner"},
    {32, "runs-on: ubuntu-8-core  # a larger runner: your organization's name"},
    {64,
     "runs-on: ubuntu-16-core  # a larger runner: your organization's name"},
    {128,
     "runs-on: ubuntu-32-core  # a larger runner: your organization's name"},
    {256,
     "runs-on: ubuntu-64-core  # a larger runner: your organization's name"},
};

// docs.gitlab.com, "Hosted runners on Linux"; gitlab-org/gitlab#388162 to
// 388164. `services:` share the machine.
constexpr HostedRunner kGitlab[] = {
    {8, "tags: [saas-linux-small-amd64]"},
    {16, "tags: [saas-linux-medium-amd64]"},
    {32, "tags: [saas-linux-large-amd64]"},
    {64, "tags: [saas-linux-xlarge-amd64]"},
    {128, "tags: [saas-linux-2xlarge-amd64]"},
};

// What a runner's own system and agent take of its memory: what jobs see free
// on one of 16 GB is 15.
constexpr std::uint64_t kRunnersOwn = kGigabyte;

constexpr Scheduler kTable[] = {
    // sbatch(1): --mem is of each node, M = 2^20, whole numbers (slurm's
    // proc_args.c, str_to_mbytes(), refuses 1.5G). 0 would be the whole node.
    // GPUs are counted (gres/gpu), their memory is not.
    {.name = "slurm",
     .ram = "--mem={0}M",
     .vram = "",
     .note = "--mem is of each node, and excludes --mem-per-cpu"},
    // kubernetes.io, "Resource Management for Pods and Containers" and the
    // API's
    // Quantity: Mi = 2^20, "m" is a thousandth. The scheduler looks at requests
    // and the kernel at limits, so both are the same. nvidia.com/gpu is a
    // count.
    {.name = "kubernetes",
     .ram = "resources: {{requests: {{memory: {0}Mi}}, limits: {{memory: "
            "{0}Mi}}}}",
     .vram = "",
     .note = "an emptyDir with medium: Memory counts against the limit too"},
    // docs.docker.com, "Resource constraints": m = 2^20 (go-units, RAMInBytes).
    // --memory-swap is twice that unless it is given.
    {.name = "docker", .ram = "--memory={0}m", .vram = ""},
    // podman-run(1): the same.
    {.name = "podman", .ram = "--memory={0}m", .vram = ""},
    // systemd.resource-control(5): K, M, G, T to the base 1024.
    {.name = "systemd", .ram = "MemoryMax={0}M", .vram = ""},
    // condor_submit(1), request_memory and gpus_minimum_memory (since 23.6):
    // MiB without a suffix. Pools round up further, which does no harm
    // (MODIFY_REQUEST_EXPR_REQUESTMEMORY, 128 MiB by default).
    {.name = "htcondor",
     .ram = "request_memory = {0}",
     .vram = "request_gpus = 1\ngpus_minimum_memory = {0}",
     .between = '\n'},
    // queue_conf(5): M = 2^20, m = 10^6; complex(5): a consumable of each
    // slot. A job of N slots has N times as much, as a limit of address space
    // for each process (seen with 8.1.9, tests/gridengine).
    {.name = "gridengine",
     .ram = "-pe smp {1} -l h_vmem={0}M",
     .vram = "",
     .per_slot = true,
     .note = "smp stands for your site's parallel environment; h_vmem limits "
             "address space, of each slot"},
    // IBM Spectrum LSF 10.1, bsub -M, -R and -gpu: kB without a suffix unless
    // LSF_UNIT_FOR_LIMITS says otherwise; rusage may be reserved for each task
    // (RESOURCE_RESERVE_PER_TASK) but for "/host" (10.1.0.9). -M limits each
    // process, or the job under LSB_JOB_MEMLIMIT: it is enough for both.
    {.name = "lsf",
     .ram = "-R rusage[mem={0}MB/host] -M {0}MB",
     .vram = "-gpu num=1:gmem={0}MB",
     .note = "/host needs LSF 10.1.0.9"},
    // pbs_resources(7): of each chunk; mb = 2^20. Torque has -l mem={0}mb.
    {.name = "pbs",
     .ram = "-l select=1:ncpus={1}:mem={0}mb",
     .vram = "",
     .note = "of one chunk; Torque is asked with -l mem="},
    // developer.hashicorp.com, the resources and device blocks: "MB" without a
    // suffix, which clients take for MiB (drivers/shared/executor divides by
    // 1024 twice); nvidia/gpu has its memory in MiB.
    {.name = "nomad",
     .ram = "memory = {0}",
     .vram = "device \"nvidia/gpu\" {{\n"
             "  constraint {{\n"
             "    attribute = \"${{device.attr.memory}}\"\n"
             "    operator  = \">=\"\n"
             "    value     = \"{0} MiB\"\n"
             "  }}\n"
             "}}",
     .between = '\n'},
    // docs.aws.amazon.com/batch, ResourceRequirement: MiB, a hard limit.
    {.name = "aws-batch",
     .ram = "{{\"type\": \"MEMORY\", \"value\": \"{0}\"}}",
     .vram = "",
     .note = "an instance registers less than its size: 8 GiB as 7985 MiB, and "
             "32 MiB are the agent's"},
    {.name = "github", .ram = "", .vram = "", .runners = kGithub},
    {.name = "gitlab", .ram = "", .vram = "", .runners = kGitlab},
};

std::string filled(std::string_view pattern, std::uint64_t units,
                   std::uint64_t workers) {
  return fmt::vformat(fmt::string_view(pattern.data(), pattern.size()),
                      fmt::make_format_args(units, workers));
}

// Of a scheduler that has no number in its text, a byte.
std::uint64_t unit_of(const Scheduler& scheduler, std::uint64_t workers) {
  if (!scheduler.runners.empty()) return 1;
  return multiply(kMiB, scheduler.per_slot ? workers : 1);
}

Result<std::string> smallest_runner(const Scheduler& scheduler,
                                    std::uint64_t bytes) {
  for (const HostedRunner& runner : scheduler.runners)
    if (runner.gigabytes * kGigabyte - kRunnersOwn >= bytes)
      return std::string(runner.text);
  return Error{fmt::format(
      "{} has no hosted runner with {} for a job: the largest has {} GB",
      scheduler.name, format_bytes(bytes), scheduler.runners.back().gigabytes)};
}

}  // namespace

std::span<const Scheduler> schedulers() {
  return kTable;
}

Result<const Scheduler*> scheduler_named(std::string_view name) {
  std::string known;
  std::vector<std::string_view> names;
  for (const Scheduler& scheduler : kTable) {
    if (scheduler.name == name) return &scheduler;
    known += (known.empty() ? "" : ", ") + std::string(scheduler.name);
    names.push_back(scheduler.name);
  }
  return Error{in_quotes(name) + " is no scheduler that is known here: " +
               known + suggestion(did_you_mean(name, names))};
}

std::uint64_t rounded_ram(const Scheduler& scheduler, std::uint64_t bytes,
                          std::uint64_t workers) {
  const std::uint64_t unit = unit_of(scheduler, workers);
  return multiply(units_for(bytes, unit), unit);
}

Result<std::string> request_text(const Scheduler& scheduler,
                                 const Amounts& amounts) {
  std::string text;
  if (amounts.ram && !scheduler.runners.empty()) {
    auto runner = smallest_runner(scheduler, *amounts.ram);
    if (!runner) return runner.error();
    text = std::move(*runner);
  } else if (amounts.ram) {
    const std::uint64_t unit = unit_of(scheduler, amounts.workers);
    text =
        filled(scheduler.ram, units_for(*amounts.ram, unit), amounts.workers);
  }
  if (amounts.vram && !scheduler.vram.empty()) {
    if (!text.empty()) text += scheduler.between;
    text += filled(scheduler.vram, units_for(*amounts.vram, kMiB), 1);
  }
  if (text.empty()) {
    return Error{fmt::format(
        "{} cannot be asked for an amount of VRAM, and no cost in RAM is known",
        scheduler.name)};
  }
  return text;
}

}  // namespace fitrun
