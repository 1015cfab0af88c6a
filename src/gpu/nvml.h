// What NVML, the library of the NVIDIA driver, says about its GPUs.
//
// Read in a child process and handed over as text: NVML hangs where a GPU does.
// NVML does not know CUDA_VISIBLE_DEVICES, so all of this is about the machine;
// cuda_visible.h says what a program will see of it. Where only libcuda knows
// the order, it is asked in the same child, without a context: one would take
// some hundred MB of the memory that is being measured.
//
// The surprise: a GPU that reports no memory is often one that has none of its
// own (GB10, Jetson), and sometimes one that is broken. Only parts known to be
// integrated count as the former.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gpu/cuda_visible.h"
#include "gpu/gpu.h"
#include "os/environment.h"

namespace fitrun {

// Statuses are NVML's (nvml_abi.h); numbers are bytes.
struct NvmlMemory {
  int status = 0;
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};

struct NvmlInstance {
  std::string uuid, name;
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;
  NvmlMemory memory;
  std::optional<std::vector<GpuProcess>> processes;
};

struct NvmlDevice {
  int status = 0;  // of opening it
  std::string uuid, address, name;
  CudaDevice::Mig mig = CudaDevice::Mig::off;
  NvmlMemory memory;  // not read where `mig` is on: it takes privilege
  std::optional<std::vector<GpuProcess>> processes;
  std::vector<NvmlInstance> instances;
};

struct NvmlReport {
  std::string not_loaded;  // why there is no library; empty: there is one
  std::string library;     // the file that was loaded
  int status = 0;          // of initialising and counting
  std::string status_text;
  std::vector<NvmlDevice> devices;
  // By libcuda, if asked: the UUIDs of its devices in its order, and those
  // that it calls integrated.
  std::vector<std::string> cuda_order;
  std::vector<std::string> integrated;
};

// For the program `drivers`: loads the library, asks, and writes down the
// answers. The libraries are libnvidia-ml.so.1 (also where WSL keeps it) and
// libcuda.so.1, or those that FITRUN_NVML and FITRUN_CUDA name, for tests.
// `processes_of`: the UUIDs whose processes are to be listed, before their
// memory is read; kEveryGpu among them means all.
std::string read_nvml(const Environment& environment,
                      const std::vector<std::string>& processes_of = {});

// The array that NVML filled with `count` processes, of which `bytes` is all
// that it could write to, with kUnwritten before. See ProcessInfo on their
// size. Processes whose memory is not known are left out.
inline constexpr unsigned char kUnwritten = 0xAA;
std::vector<GpuProcess> parse_process_infos(
    const std::vector<unsigned char>& bytes, std::size_t count);

// What read_nvml wrote.
Result<NvmlReport> parse_nvml_report(std::string_view text);

// In the order of PCI addresses, with those last that may not be opened. Left
// as they are where an address is missing: NVML's order is that one in
// practice.
void sort_by_address(std::vector<NvmlDevice>& devices);

// For cuda_visible.h, in the same order as `devices`.
std::vector<CudaDevice> cuda_devices(const std::vector<NvmlDevice>& devices);

// A device whose driver reports no memory of its own because it has none.
bool has_shared_memory(const NvmlDevice& device, const NvmlReport& report,
                       std::uint64_t ram_total);

}  // namespace fitrun
