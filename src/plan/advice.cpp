#include "plan/advice.h"

#include <string_view>

#include "base/base_name.h"
#include "base/text.h"
#include "probe/cgroup_files.h"

namespace fitrun {
namespace {

// Whose knob the limit of a cgroup is, by the names that they give to cgroups.
enum class Keeper {
  docker,
  kubernetes,
  slurm,
  lxc,
  systemd,
  container,
  nobody
};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Keeper keeper_of(std::string_view level) {
  if (has(level, "kubepods")) return Keeper::kubernetes;
  if (has(level, "/slurm") || has(level, "slurmstepd")) return Keeper::slurm;
  if (has(level, "docker") || has(level, "libpod")) return Keeper::docker;
  if (has(level, "/lxc")) return Keeper::lxc;
  // The root of a cgroup namespace, or what is above it.
  if (level == "/" || has(level, "/..")) return Keeper::container;
  const std::string_view name = base_name(level);
  if (name.ends_with(".service") || name.ends_with(".scope") ||
      name.ends_with(".slice"))
    return Keeper::systemd;
  return Keeper::nobody;
}

// How each keeper calls what the kernel calls `file`; "" where it has no name.
struct Knob {
  std::string_view file, docker, unit;
};

constexpr Knob kKnobs[] = {
    {kMemoryFiles2.limit, "--memory", "MemoryMax"},
    {kMemoryFiles2.high, "", "MemoryHigh"},
    {kMemoryFiles1.limit, "--memory", "MemoryMax"},
    {kMemoryFiles1.swap_limit, "--memory-swap", ""},
    {"pids.max", "--pids-limit", "TasksMax"},
};

const Knob* knob_of(std::string_view file) {
  for (const Knob& knob : kKnobs)
    if (knob.file == file) return &knob;
  return nullptr;
}

// A unit of the user's manager is changed by the user's systemctl.
std::string unit_advice(std::string_view level, const std::string& property) {
  const std::string_view unit = base_name(level);
  const bool of_user = has(level, "/user@") && !unit.starts_with("user@");
  return std::string("systemctl ") + (of_user ? "--user " : "") +
         "set-property " + shell_quoted(unit) + " " + property +
         "=SIZE, or the same line in the unit";
}

std::string cgroup_advice(std::string_view file, std::string_view level,
                          const std::string& folder) {
  const Knob* const knob = knob_of(file);
  if (!knob) return "";
  const std::string docker(knob->docker), unit(knob->unit);
  switch (keeper_of(level)) {
    case Keeper::docker:
      if (docker.empty()) break;
      return "start the container with a larger " + docker +
             " (docker run; docker update while it runs)";
    case Keeper::kubernetes:
      if (file == "pids.max") return "raise podPidsLimit of the kubelet";
      return "raise resources.limits.memory of the container, or of the "
             "containers beside it in the pod";
    case Keeper::slurm:
      if (file == "pids.max") break;
      return "ask Slurm for more: sbatch --mem or --mem-per-cpu";
    case Keeper::lxc:
      if (file == "pids.max") break;
      return "raise limits.memory of the container (lxc config set)";
    case Keeper::systemd:
      if (unit.empty()) break;
      return unit_advice(level, unit);
    case Keeper::container:
      if (docker.empty()) return "whoever starts this container sets it";
      return "whoever starts this container sets it: docker run " + docker +
             (file == "pids.max" ? ""
                                 : ", resources.limits.memory in Kubernetes");
    case Keeper::nobody:
      break;
  }
  return "write a larger number to " + folder + "/" + std::string(file);
}

// Others that end in a fixed sentence, by the beginning of their names.
struct Fixed {
  std::string_view name, sentence;
};

constexpr Fixed kFixed[] = {
    {"host.mem_available",
     "stop other programs, or add memory: the kernel has no more to give"},
    {"host.sysinfo",
     "stop other programs, or let /proc/meminfo be read, which counts the page "
     "cache as well: mount /proc without subset=pid (ProcSubset=all in a "
     "unit)"},
    {"host.mem_total", "add memory: the machine has no more"},
    {"host.zoneinfo",
     "the machine under this container is full: stop what else runs on it"},
    {"host.commit_limit",
     "raise vm.overcommit_ratio or vm.overcommit_kbytes, add swap, or allow "
     "overcommit: sysctl vm.overcommit_memory=0"},
    {"lxcfs.", "raise limits.memory of the container (lxc config set)"},
    {"numa.",
     "allow more nodes: numactl --membind, or cpuset.mems of the cgroup"},
    {"cgroup1.hidden_ancestor",
     "a limit above this container binds: whoever runs the machine can raise "
     "it"},
    {"env.SLURM_MEM_PER_NODE", "ask Slurm for more: sbatch --mem"},
    {"env.SLURM_MEM_PER_GPU", "ask Slurm for more: sbatch --mem-per-gpu"},
    {"env.SLURM_MEM_PER_CPU",
     "ask Slurm for more: sbatch --mem-per-cpu, or more CPUs"},
};

}  // namespace

std::string advice(const Constraint& binding) {
  if (binding.name.ends_with("+zfs_arc")) {
    return "stop other programs, or add memory: the ZFS cache is counted as "
           "free already";
  }
  for (const Fixed& fixed : kFixed)
    if (binding.name.starts_with(fixed.name))
      return std::string(fixed.sentence);
  if (binding.file.empty()) return "";
  std::string text = cgroup_advice(binding.file, binding.level, binding.where);
  if (!text.empty() && binding.used.value_or(0) > 0)
    text += "; or stop what else runs in it";
  return text;
}

std::string advice(const ProcessCap& cap) {
  if (cap.name == "rlimit.as") return "ulimit -v unlimited";
  if (cap.name == "rlimit.data") return "ulimit -d unlimited";
  return "";
}

std::string advice(const WorkerCap& cap) {
  if (cap.name == "rlimit.nproc") return "ulimit -u with a larger number";
  return cgroup_advice("pids.max", cap.level, cap.where);
}

}  // namespace fitrun
