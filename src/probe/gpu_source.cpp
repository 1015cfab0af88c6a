#include "probe/gpu_source.h"

#include <algorithm>

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
