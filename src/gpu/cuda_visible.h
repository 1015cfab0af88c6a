// Which NVIDIA GPUs a program will see, and as which device. Pure.
//
// CUDA_VISIBLE_DEVICES is read as the CUDA driver does (CUDA programming guide,
// "CUDA Environment Variables"), which is not as it looks: "0,0" shows no GPU,
// "0,16,1" shows only the first, and set but empty is none. GPUs that this
// process may not open (device cgroups: Slurm, containers) do not count, so the
// first one that it may open is number 0.
//
// The surprise: without CUDA_DEVICE_ORDER=PCI_BUS_ID the numbers of unlike GPUs
// are CUDA's own ("fastest first"), and only libcuda can tell them.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "os/environment.h"

namespace fitrun {

// A MIG instance: a compute instance, which shares the memory of its GPU
// instance with any others in it.
struct CudaInstance {
  std::string uuid;  // "MIG-..."
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;
};

struct CudaDevice {
  std::string uuid;  // "GPU-..."; empty where the driver would not say
  std::string name;
  std::string address;
  enum class Access {
    open,
    forbidden,  // hidden from this process: does not exist for CUDA
  } access = Access::open;
  enum class Mig { off, on } mig = Mig::off;
  std::vector<CudaInstance> instances;  // of a device with MIG on
};

struct CudaPick {
  std::size_t device = 0;               // into the list of devices
  std::optional<std::size_t> instance;  // into its instances
  friend bool operator==(const CudaPick&, const CudaPick&) = default;
};

struct CudaVisibility {
  // Device 0, 1, ... of one process. With MIG at most one: CUDA shows a
  // process the first instance, and no other GPU beside it (MIG user guide,
  // "Device Enumeration").
  std::vector<CudaPick> one_process;
  // What several processes could be given, one each. Differs with MIG only;
  // of instances that share memory, the first.
  std::vector<CudaPick> each_process;
  // False: the numbers may be in another order than `one_process` is.
  enum class Order { known, unclear } order = Order::known;
  std::vector<std::string> notes;  // what the variable hides, and why
};

// Whether only libcuda knows the order: unlike GPUs, numbers (or no list at
// all), and no CUDA_DEVICE_ORDER=PCI_BUS_ID.
bool needs_cuda_order(const std::vector<CudaDevice>& devices,
                      const Environment& environment);

// `devices` in the order of PCI addresses, which is CUDA's with
// CUDA_DEVICE_ORDER=PCI_BUS_ID. `cuda_order`: the UUIDs of libcuda's devices,
// which libcuda has already filtered by the variable; empty where it was not
// asked or did not answer.
CudaVisibility cuda_visible(const std::vector<CudaDevice>& devices,
                            const Environment& environment,
                            const std::vector<std::string>& cuda_order);

}  // namespace fitrun
