#include "gpu/source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gpu/report.h"
#include "os/file.h"
#include "os/program.h"
#include "probe/ram.h"

namespace fitrun {

ProbeChildSpec child_spec(const GpuMachine& machine, const std::string& subject,
                          const std::string& timeout_hint) {
  ProbeChildSpec spec;
  spec.subject = subject;
  spec.timeout_hint = timeout_hint;
  spec.deadline = machine.deadline;
  if (machine.on_slow) {
    spec.on_slow = [tell = machine.on_slow, subject] {
      tell("waiting for " + subject);
    };
  }
  return spec;
}

Result<std::string> ask_drivers(const GpuMachine& machine,
                                std::vector<std::string> question,
                                const ProbeChildSpec& spec) {
  const std::string program = installation_folder() + "libexec/fitrun/drivers";
  if (::access(program.c_str(), X_OK) != 0) {
    std::string report;
    add_report_line(report, {"not_loaded", path_error(program, errno).message});
    return report;
  }
  question.insert(question.begin(), program);
  return run_program_in_child(question, machine.environment(), spec);
}

Constraint memory_constraint(const std::string& name, const std::string& where,
                             std::uint64_t total, std::uint64_t free) {
  Constraint c;
  c.name = name;
  c.where = where;
  c.limit = total;
  c.available = std::min(free, total);
  c.used = total - *c.available;
  return c;
}

void take_from_ram(Gpu& gpu, const GpuMachine& machine) {
  gpu.memory = GpuMemory::shared;
  const PoolReading ram = probe::ram(machine.self);
  for (const Constraint& c : ram.constraints)
    gpu.reading.constraints.push_back(c);
  for (const std::string& line : ram.diagnostics)
    gpu.reading.diagnostics.push_back(line);
  if (const auto& whole = machine.self.meminfo()) {
    gpu.total = whole->total;
    gpu.free = whole->available;
  }
}

bool in_container(const GpuMachine& machine) {
  // Docker, Podman, systemd-nspawn and LXC, and what the NVIDIA toolkit sets.
  return machine.host().read("/.dockerenv").has_value() ||
         machine.host().read("/run/.containerenv").has_value() ||
         machine.environment().get("container").has_value() ||
         machine.environment().get("NVIDIA_VISIBLE_DEVICES").has_value() ||
         machine.environment().get("KUBERNETES_SERVICE_HOST").has_value();
}

}  // namespace fitrun
