// A GPU of this machine, and what is known about its memory.
//
// GPUs are told apart by UUID or PCI address, never by index: NVML, CUDA, ROCm
// and the kernel number the same cards differently. `number` is the only index
// here, and it is the command's: "device 0" of the program that will run.
//
// The surprise: a GPU without memory of its own (`GpuMemory::shared`) takes
// from the RAM pool. Its constraints then hold the RAM pool's too, and the RAM
// and VRAM costs of a stage add up against them.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probe/constraint.h"

namespace fitrun {

// `other` is any GPU that only Vulkan or the user's own probe speaks for.
enum class GpuVendor { nvidia, amd, intel, other };

enum class GpuMemory {
  own,     // memory on the card
  shared,  // the machine's RAM
};

// What one process holds of a GPU, bytes. The pid is the kernel's own, as the
// first pid namespace counts.
struct GpuProcess {
  pid_t pid = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const GpuProcess&, const GpuProcess&) = default;
};

// Numbers are bytes. Texts come from drivers: printable, but otherwise theirs.
struct Gpu {
  GpuVendor vendor = GpuVendor::other;
  std::string name;
  std::string uuid;     // "GPU-...", "MIG-..."; empty where there is none
  std::string address;  // PCI, "0000:03:00.0"; empty where unknown
  std::optional<std::uint32_t> number;  // empty: the command does not see it
  // Its number where no list hides any, for the lists that take numbers only
  // (AMD, Intel). Empty where it has none.
  std::optional<std::uint32_t> runtime_index;
  std::optional<std::uint64_t> total;
  std::optional<std::uint64_t> free;  // as the source says, before any limit
  std::string source;                 // "nvml", "amdgpu", "vulkan"
  GpuMemory memory = GpuMemory::own;
  // Empty where nobody asked or the driver does not tell. Older than `free`.
  std::optional<std::vector<GpuProcess>> processes;
  // Why it cannot be used although the command sees it, as a sentence: "GPU
  // GPU-1 is lost". Empty: nothing is wrong.
  std::string problem;
  std::string skipped;  // why it is not used; empty: it is
  // What can be used of it: `free`, and the limits of cgroups and MPS.
  PoolReading reading;
};

struct VramReading {
  std::vector<Gpu> gpus;          // all that were found; `skipped` says why not
  std::vector<std::size_t> used;  // into `gpus`, in the order of the selection
  std::vector<std::string> notes;  // sentences for the user
  // Why no GPU can be used, in lines: what, and what to do about it.
  std::optional<Error> error;
};

// In a list of GPUs whose processes are asked for: all of them.
inline constexpr char kEveryGpu[] = "*";

// "nvidia"; the key in JSON.
std::string_view key_of(GpuVendor vendor);

// For messages: the UUID, else the PCI address, else the name.
std::string identity(const Gpu& gpu);

bool contains(const std::vector<std::size_t>& picks, std::size_t pick);

// Printable, without blanks at the ends, at most 100 bytes: names and UUIDs
// come from drivers, lists from the environment; they go to terminals and into
// lines.
std::string short_text(std::string_view text);

// "0000:03:00.0" from the forms in use: NVML's "00000000:03:00.0", upper case,
// a missing domain. Other text is only put in lower case.
std::string pci_address(std::string_view text);

}  // namespace fitrun
