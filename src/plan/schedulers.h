// How schedulers are asked for memory: a table, one row for each. Pure.
//
// Each has its own unit, and a number that is right for one is wrong for the
// next by a thousand or more: Kubernetes reads "512m" as half a byte, LSF's -M
// counts kB unless told, HTCondor and Nomad MiB without a word.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fitrun {

// A machine of a fixed size that a service rents out.
struct HostedRunner {
  std::uint64_t gigabytes;  // 10^9 bytes, as the service counts them
  std::string_view text;
};

struct Scheduler {
  std::string_view name;  // of --for
  // What to write for an amount of RAM: {0} the number of units, {1} of
  // workers. Empty where a runner is chosen by its size.
  std::string_view ram;
  // The same for the VRAM of one GPU, {0} in MiB; empty: it cannot be asked for
  // an amount.
  std::string_view vram;
  char between = ' ';     // the two of them
  bool per_slot = false;  // the unit is of each worker's slot
  std::span<const HostedRunner> runners{};
  std::string_view note{};  // what to know before it is used; one line
};

std::span<const Scheduler> schedulers();

// An error that names those there are.
Result<const Scheduler*> scheduler_named(std::string_view name);

// What is asked for, in bytes; empty: nothing is known of that memory.
struct Amounts {
  std::optional<std::uint64_t> ram;
  std::optional<std::uint64_t> vram;
  std::uint64_t workers = 1;
};

// The bytes of RAM that the scheduler will be asked for: rounded up to its
// unit.
std::uint64_t rounded_ram(const Scheduler& scheduler, std::uint64_t bytes,
                          std::uint64_t workers);

// The text to ask with. An error where no runner is large enough, and where the
// scheduler can be asked for nothing of it. Of VRAM that it cannot be asked for
// there is no word in the text.
Result<std::string> request_text(const Scheduler& scheduler,
                                 const Amounts& amounts);

}  // namespace fitrun
