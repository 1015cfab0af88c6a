// What one source (NVML, sysfs, Vulkan) says about the GPUs it knows, and what
// it needs for that. vram.h asks them in turn.
//
// The surprise: a source that finds something broken ends the search. A broken
// driver is to be told of, not to be covered up by the next source's guess.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "gpu/gpu.h"
#include "os/probe_child.h"
#include "probe/self.h"

namespace fitrun {

struct GpuMachine {
  probe::Self& self;
  std::chrono::milliseconds deadline;  // for each library or command
  // Told once per driver that takes long: "waiting for the NVIDIA driver".
  std::function<void(const std::string&)> on_slow;
  // identity() of the GPUs whose processes are asked for.
  std::vector<std::string> processes_of{};

  const Host& host() const { return self.host(); }
  const Environment& environment() const { return self.environment(); }
};

struct GpuListing {
  enum class Outcome {
    answered,  // the command sees at least one of `gpus`
    silent,    // there is nothing that this source can speak about
    failed,    // there is, and it is broken
  } outcome = Outcome::silent;
  std::string why;     // unless answered: "no card"
  std::string advice;  // what to do about it; may be empty
  std::vector<Gpu> gpus;
  // Into `gpus`: device 0, 1, ... of one process; and what several processes
  // could be given, one each.
  std::vector<std::size_t> one_process, each_process;
  std::vector<std::string> notes;  // sentences for the user
  // Why it is not known which of several GPUs is the command's first; empty
  // where it is. Then only GPUs that are named by UUID or address can be used.
  std::string unclear;
};

// For a child that calls `subject`, "the NVIDIA driver".
ProbeChildSpec child_spec(const GpuMachine& machine, const std::string& subject,
                          const std::string& timeout_hint);

// What the program `drivers` (src/drivers.cpp) reports when it is asked
// `question`. Where that is not installed, a report with the line "not_loaded".
Result<std::string> ask_drivers(const GpuMachine& machine,
                                std::vector<std::string> question,
                                const ProbeChildSpec& spec);

// A constraint of what a source says of one GPU; `free` above `total` counts
// as `total`.
Constraint memory_constraint(const std::string& name, const std::string& where,
                             std::uint64_t total, std::uint64_t free);

// The constraints of a GPU that takes its memory from the RAM, and the RAM's
// total as its own.
void take_from_ram(Gpu& gpu, const GpuMachine& machine);

// Whether this runs in a container, as far as containers say so.
bool in_container(const GpuMachine& machine);

}  // namespace fitrun
