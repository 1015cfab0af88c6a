#include "probe/capture.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "os/file.h"
#include "os/new_folder.h"
#include "probe/cpus.h"
#include "probe/mountinfo.h"
#include "probe/numa.h"
#include "probe/pressure.h"
#include "probe/ram.h"
#include "probe/self.h"
#include "probe/status.h"
#include "probe/worker_caps.h"

namespace fitrun {
namespace {

constexpr const char* kVariables[] = {
    "JOB_ID",
    "LSB_DJOB_NUMPROC",
    "LSB_JOBID",
    "NCPUS",
    "NSLOTS",
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "PBS_JOBID",
    "PBS_NCPUS",
    "PE",
    "SLURM_CPUS_ON_NODE",
    "SLURM_GPUS_ON_NODE",
    "SLURM_GPUS_PER_NODE",
    "SLURM_JOB_CPUS_PER_NODE",
    "SLURM_JOB_GPUS",
    "SLURM_JOB_ID",
    "SLURM_MEM_PER_CPU",
    "SLURM_MEM_PER_GPU",
    "SLURM_MEM_PER_NODE",
    "SLURM_NODEID",
};

// What a file is, by the end of its path. The first that fits.
struct Description {
  std::string_view end, text;
};

constexpr Description kDescriptions[] = {
    {"/node/has_memory", "the NUMA nodes that have memory"},
    {"/proc/meminfo", "the memory of the machine"},
    {"/meminfo", "the memory of one NUMA node"},
    {"/proc/zoneinfo", "memory and watermarks per zone"},
    {"/arcstats", "the read cache of ZFS"},
    {"/overcommit_memory", "whether allocations are refused (2)"},
    {"/admin_reserve_kbytes", "kept for root when allocations are refused"},
    {"/user_reserve_kbytes", "kept per process when allocations are refused"},
    {"/self/cgroup", "the cgroups of the process"},
    {"/self/mountinfo", "the mounts of cgroups; all other mounts taken out"},
    {"/self/status",
     "ids, capabilities, CPUs and nodes; all other lines taken out"},
    {"/self/limits", "ulimits"},
    {"/self/stat", "the scheduling policy; all other fields are 0"},
    {"/self/auxv", "the page size; all other entries taken out"},
    {"/self/numa_maps", "the memory policy; all other lines taken out"},
    {"/cpu/online", "the CPUs that are switched on"},
    {"/pressure/memory", "how long programs waited for memory"},
    {"/memory.pressure", "how long programs of this cgroup waited for memory"},
    {"/memory.stat", "what the memory of a cgroup consists of"},
    {"/memory.use_hierarchy", "whether a cgroup counts its children"},
    {"/cgroup.procs", "shows that we are in this cgroup; other ids taken out"},
};

constexpr Description kPrefixes[] = {
    {"memory.", "a memory limit of a cgroup, or its usage"},
    {"cpu.", "a CPU quota of a cgroup"},
    {"pids.", "the processes of a cgroup, or their limit"},
};

std::string about(std::string_view path) {
  for (const Description& one : kDescriptions)
    if (path.ends_with(one.end)) return std::string(one.text);
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const Description& one : kPrefixes)
    if (name.starts_with(one.end)) return std::string(one.text);
  return "read by the probe";
}

// The lines that `keep` wants.
template <typename Keep>
std::string lines_where(std::string_view text, Keep keep) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!keep(line)) continue;
    out += line;
    out += '\n';
  }
  return out;
}

std::string redacted_status(std::string_view text, std::uint64_t pid) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!is_status_line(line)) continue;
    // /proc may be another pid namespace's; cgroup.procs lists ours.
    out += line.starts_with("Pid:") && pid != 0 ? fmt::format("Pid:\t{}\n", pid)
                                                : fmt::format("{}\n", line);
  }
  return out;
}

// Only the 41st field, the policy, says something to us.
std::string redacted_stat(std::string_view text) {
  constexpr std::size_t kPolicy = 41;
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos) return "";
  const auto fields = words(trim(text.substr(bracket + 1)));
  if (fields.size() <= kPolicy - 3) return "";
  std::string out = "0 (fitrun) R";
  for (std::size_t field = 4; field < kPolicy; ++field) out += " 0";
  return out + " " + std::string(fields[kPolicy - 3]) + "\n";
}

std::string redacted_auxv(std::string_view text) {
  const auto size = probe::page_size_in_auxv(text);
  if (!size) return "";
  Elf64_auxv_t entries[2] = {};  // the second, of zeros, is the end
  entries[0].a_type = AT_PAGESZ;
  entries[0].a_un.a_val = *size;
  std::string out(sizeof entries, '\0');
  std::memcpy(out.data(), entries, sizeof entries);
  return out;
}

std::string redacted_numa_maps(std::string_view text) {
  const auto bound = parse_bind_policy(text);
  return bound ? "00400000 bind:" + list_of(*bound) + "\n" : "";
}

std::string table_row(const std::string& path, const std::string& text) {
  return fmt::format("| `{}` | {} |\n", path, text);
}

}  // namespace

std::string redacted(const std::string& path, const std::string& text,
                     std::uint64_t pid) {
  const auto is = [&](std::string_view end) {
    return std::string_view(path).ends_with(end);
  };
  if (is("/self/mountinfo")) return lines_where(text, is_cgroup_mount_line);
  if (is("/self/status")) return redacted_status(text, pid);
  if (is("/self/stat")) return redacted_stat(text);
  if (is("/self/auxv")) return redacted_auxv(text);
  if (is("/self/numa_maps")) return redacted_numa_maps(text);
  if (is("/cgroup.procs")) {
    return lines_where(text, [&](std::string_view line) {
      return parse_count(trim(line)) == pid;
    });
  }
  return text;
}

std::string capture_readme(const Capture& capture) {
  const Constraint* const bound = binding(capture.ram);
  std::string out =
      "# A machine, as fitrun saw it\n\n"
      "The files of /proc and /sys that decided how much memory and how many "
      "CPUs a\nprocess could use here. `fitrun probe --root .` in this folder "
      "gives the same\nanswer";
  if (!capture.variables.empty()) {
    out += ", with these variables set:\n\n    env";
    for (const auto& [name, value] : capture.variables)
      out += fmt::format(" {}={}", name, shell_quoted(value));
    out += " fitrun probe --root .\n\n";
  } else {
    out += ".\n\n";
  }
  out += "The answer was ";
  out += bound ? fmt::format("{} bytes, bound by {} ({})", *bound->available,
                             bound->name, in_quotes(bound->where))
               : std::string("that no source knows");
  out += fmt::format(
      "; {} CPUs ({}).\n\nNames of cgroups are as they were: they can name "
      "users, units and containers.\n\n| file | what it is |\n|---|---|\n",
      capture.cpus.value, capture.cpus.origin);
  for (const Capture::File& file : capture.files)
    out += table_row(file.path, file.about);
  for (const auto& [path, why] : capture.unreadable)
    out += table_row(path, "missing here: " + why);
  return out;
}

namespace {

// Whether `path` stays below the folder that it is written to.
bool is_safe(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (const std::string_view part : split(path, '/'))
    if (part == "..") return false;
  return true;
}

}  // namespace

Result<std::size_t> write_capture(const Capture& capture,
                                  const std::string& path) {
  const auto folder = NewFolder::make(path);
  if (!folder) return folder.error();
  for (const std::string& directory : capture.directories) {
    if (!is_safe(directory)) continue;
    if (const auto done = folder->add_folder(directory); !done)
      return done.error();
  }
  std::size_t written = 0;
  for (const Capture::File& file : capture.files) {
    if (!is_safe(file.path)) continue;
    if (const auto done = folder->add_file(file.path, file.text); !done)
      return done.error();
    ++written;
  }
  const auto done = folder->add_file("README.md", capture_readme(capture));
  if (!done) return done.error();
  return written + 1;
}

namespace probe {
namespace {

bool has_path(const Capture& capture, const std::string& path) {
  return std::any_of(
      capture.files.begin(), capture.files.end(),
      [&](const Capture::File& file) { return file.path == path; });
}

void keep(const HostRecord& record, std::uint64_t pid, Capture& capture) {
  for (const HostRecord::File& file : record.files) {
    if (has_path(capture, file.path)) continue;
    if (file.code == ENOENT || file.code == ENOTDIR) continue;
    if (file.code != 0) {
      capture.unreadable.emplace_back(file.path, error_text(file.code));
      continue;
    }
    std::string text = redacted(file.path, file.text, pid);
    // Of a search, only what was found.
    if (text.empty() && file.path.ends_with("/cgroup.procs")) continue;
    capture.files.push_back({file.path, std::move(text), about(file.path)});
  }
  capture.directories = record.directories;
}

}  // namespace

Capture capture(const Host& host, const Environment& environment) {
  Capture result;
  HostRecord record;
  Host noted = host;
  noted.record_in(record);
  Self self(noted, environment);
  result.ram = ram(self);
  result.cpus = cpus(self);
  worker_caps(self);
  pressure(self);
  // Asked of the system where that is possible, and of these files elsewhere.
  for (const char* const path : {"/sys/devices/system/cpu/online",
                                 "/proc/self/status", "/proc/self/limits"})
    static_cast<void>(noted.read(path));
  const std::uint64_t pid = host.live() ? static_cast<std::uint64_t>(::getpid())
                                        : self.status().pid.value_or(0);
  keep(record, pid, result);
  if (host.live()) {
    if (const auto nodes = bound_nodes(self)) {
      const std::string path = "/proc/self/numa_maps";
      result.files.push_back(
          {path, "00400000 bind:" + list_of(*nodes) + "\n", about(path)});
    }
  }
  for (const char* name : kVariables)
    if (const auto value = environment.get(name))
      result.variables.emplace_back(name, *value);
  return result;
}

}  // namespace probe
}  // namespace fitrun
