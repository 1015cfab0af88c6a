// The part of NVIDIA's C interfaces that fitrun calls, without their headers.
//
// NVML is libnvidia-ml.so.1, part of the driver; never load the name without
// ".1", which is the CUDA toolkit's stub: it prints to stdout and knows no GPU.
// Functions are looked up by their versioned names, for the plain ones are the
// interfaces of old drivers. From nvml.h, API 13, and cuda.h, 12; all functions
// return a status, 0 for success.

#pragma once

#include <cstddef>

namespace fitrun::nvml {

enum Status : int {
  success = 0,
  not_supported = 3,
  no_permission = 4,
  not_found = 6,
  insufficient_size = 7,
  driver_not_loaded = 9,
  function_not_found = 13,
  gpu_is_lost = 15,
  reset_required = 16,
  lib_rm_version_mismatch = 18,
  argument_version_mismatch = 25,
  unknown = 999,
};

struct Handle;  // nvmlDevice_st
using Device = Handle*;

struct Memory {
  unsigned long long total, free, used;
};
static_assert(sizeof(Memory) == 24);

struct MemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};
static_assert(sizeof(MemoryV2) == 40 && offsetof(MemoryV2, total) == 8);

// The documentation says 2, which the driver rejects with function_not_found.
inline constexpr unsigned kMemoryV2 = sizeof(MemoryV2) | 2U << 24;
static_assert(kMemoryV2 == 0x02000028);

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];  // "00000000:3B:00.0"
};
static_assert(sizeof(PciInfo) == 68);

// What a process holds of a GPU; the array that the _v2 and _v3 functions fill.
// R535 added 8 bytes to each element without a new name for the function, and
// took them away again, so the size is to be seen from what was written. All
// lists have both ids, 0xffffffff where there is no MIG.
struct ProcessInfo {
  unsigned pid;
  unsigned long long used;  // kNotAvailable: nobody knows (WSL)
  unsigned gpu_instance_id, compute_instance_id;
};
static_assert(sizeof(ProcessInfo) == 24 && offsetof(ProcessInfo, used) == 8);
inline constexpr std::size_t kLargerProcessInfo = 32;
inline constexpr unsigned long long kNotAvailable = ~0ULL;

inline constexpr unsigned kUuidSize = 96;
inline constexpr unsigned kNameSize = 96;

using InitFn = int();                                 // nvmlInit_v2
using ErrorStringFn = const char*(int);               // nvmlErrorString
using CountFn = int(unsigned*);                       // ...GetCount_v2
using HandleByIndexFn = int(unsigned, Device*);       // ...HandleByIndex_v2
using TextFn = int(Device, char*, unsigned);          // ...GetUUID, GetName
using PciInfoFn = int(Device, PciInfo*);              // ...GetPciInfo_v3
using MemoryFn = int(Device, Memory*);                // ...GetMemoryInfo
using MemoryV2Fn = int(Device, MemoryV2*);            // ...GetMemoryInfo_v2
using MigModeFn = int(Device, unsigned*, unsigned*);  // current, pending
using NumberFn = int(Device, unsigned*);  // ...MaxMigDeviceCount, instance ids
// ...Get{Compute,Graphics}RunningProcesses_v3, _v2; the count is the array's.
using ProcessesFn = int(Device, unsigned* count, void* infos);
using MigHandleFn = int(Device, unsigned, Device*);

}  // namespace fitrun::nvml

namespace fitrun::cuda {

// libcuda.so.1, as far as it goes without a context, which would take memory.
inline constexpr int kIntegrated = 18;  // CU_DEVICE_ATTRIBUTE_INTEGRATED

using InitFn = int(unsigned);             // cuInit
using CountFn = int(int*);                // cuDeviceGetCount
using DeviceFn = int(int*, int);          // cuDeviceGet
using UuidFn = int(unsigned char*, int);  // cuDeviceGetUuid_v2, 16 bytes
using AttributeFn = int(int*, int, int);  // cuDeviceGetAttribute

}  // namespace fitrun::cuda
