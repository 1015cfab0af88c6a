// What batch systems tell a job by variables alone.

#include "catch.h"
#include "machine_dir.h"
#include "probe/batch.h"
#include "probe/cpus.h"
#include "probe/slurm.h"

using namespace fitrun;
using Variables = std::map<std::string, std::string>;

namespace {

constexpr std::uint64_t kGiB = 1U << 30;

std::string promised(const Variables& variables) {
  const auto told = probe::promised_cpus(Environment(variables));
  return told ? std::to_string(told->value) + " " + told->origin : "none";
}

// On a machine of four CPUs.
std::string cpus(const Variables& variables) {
  MachineDir machine;
  machine.file("/proc/self/status", "Cpus_allowed_list:\t0-3\n")
      .file("/sys/devices/system/cpu/online", "0-3\n");
  const auto told = probe::cpus(Host(machine.root()), Environment(variables));
  return std::to_string(told.value) + " " + told.origin;
}

std::optional<std::uint64_t> memory(Variables variables) {
  variables.emplace("SLURM_MEM_PER_GPU", "4096");
  const auto told = probe::slurm_promise(Environment(variables));
  REQUIRE(told);
  CHECK(told->name == "env.SLURM_MEM_PER_GPU");
  CHECK(told->available.has_value() == told->reason.empty());
  return told->available;
}

}  // namespace

TEST_CASE("a width is promised only inside a job of its batch system",
          "[batch]") {
  CHECK(promised({{"NSLOTS", "3"}, {"JOB_ID", "7"}, {"PE", "smp"}}) ==
        "3 NSLOTS");
  CHECK(promised({{"NSLOTS", "3"}, {"JOB_ID", "7"}}) == "none");
  CHECK(promised({{"NSLOTS", "3"}, {"PE", "smp"}}) == "none");
  CHECK(promised({{"LSB_DJOB_NUMPROC", "3"}, {"LSB_JOBID", "7"}}) ==
        "3 LSB_DJOB_NUMPROC");
  CHECK(promised({{"LSB_DJOB_NUMPROC", "3"}}) == "none");
  CHECK(promised({{"NCPUS", "3"}, {"PBS_JOBID", "7.host"}}) == "3 NCPUS");
  CHECK(promised({{"PBS_NCPUS", "3"}, {"PBS_JOBID", "7"}}) == "3 PBS_NCPUS");
  CHECK(promised({{"NCPUS", "3"}, {"PBS_NCPUS", "3"}}) == "none");
  CHECK(promised({{"NCPUS", "3"}, {"PBS_JOBID", ""}}) == "none");
  CHECK(promised({{"SLURM_CPUS_ON_NODE", "3"}, {"SLURM_JOB_ID", "7"}}) ==
        "3 SLURM_CPUS_ON_NODE");
  CHECK(promised({{"SLURM_CPUS_ON_NODE", "3"}}) == "none");
}

TEST_CASE("of several promises the smallest holds, and nonsense is none",
          "[batch]") {
  // two nodes of 48
  CHECK(promised({{"NCPUS", "48"}, {"PBS_NCPUS", "96"}, {"PBS_JOBID", "7"}}) ==
        "48 NCPUS");
  for (const char* wrong : {"", "0", "-1", "x", "4x", "1.5"}) {
    CAPTURE(wrong);
    CHECK(promised({{"NCPUS", wrong}, {"PBS_JOBID", "7"}}) == "none");
  }
}

TEST_CASE("a promise bounds the CPUs, and adds none", "[batch]") {
  const auto slots = [](const char* count) {
    return Variables{{"NSLOTS", count}, {"JOB_ID", "7"}, {"PE", "smp"}};
  };
  CHECK(cpus({}) == "4 affinity");
  CHECK(cpus(slots("3")) == "3 NSLOTS");
  CHECK(cpus(slots("4")) == "4 affinity");
  CHECK(cpus(slots("64")) == "4 affinity");
  // OpenMP's variable is the user's own word, as for nproc.
  Variables both = slots("3");
  both["OMP_NUM_THREADS"] = "2";
  CHECK(cpus(both) == "2 OMP_NUM_THREADS");
}

TEST_CASE("Slurm's memory for each GPU is for all that the job has here",
          "[batch]") {
  CHECK(memory({{"SLURM_GPUS_ON_NODE", "2"}}) == 8 * kGiB);
  CHECK(memory({{"SLURM_JOB_GPUS", "0,3"}}) == 8 * kGiB);
  CHECK(memory({{"SLURM_JOB_GPUS", "0-2"}}) == 12 * kGiB);
  CHECK(memory({{"SLURM_GPUS_PER_NODE", "2"}}) == 8 * kGiB);
  CHECK(memory({{"SLURM_GPUS_PER_NODE", "a100:2,v100:1"}}) == 12 * kGiB);
  CHECK(memory({{"SLURM_GPUS_ON_NODE", "1"}, {"SLURM_JOB_GPUS", "0,1"}}) ==
        4 * kGiB);
  CHECK_FALSE(memory({}));
  CHECK_FALSE(memory({{"SLURM_GPUS", "4"}}));  // on how many nodes?
  CHECK_FALSE(memory({{"SLURM_GPUS_PER_NODE", "a100"}}));
  CHECK_FALSE(memory({{"SLURM_MEM_PER_GPU", "lots"}, {"SLURM_JOB_GPUS", "0"}}));
}
