// A stand-in for libnvidia-ml.so.1, set by variables:
//   FAKE_NVML_GPUS      devices between ';', each fields between ',':
//                       uuid= name= pci= total= free= handle= memory=
//                       (statuses) mig=1 compute= graphics= (PID:BYTES+...)
//   FAKE_NVML_MIG       instances in the same way: parent= (index) slot= uuid=
//                       gi= ci= total= free= memory= compute= graphics=
//   FAKE_NVML_INIT      status of nvmlInit_v2
//   FAKE_NVML_V2        status of nvmlDeviceGetMemoryInfo_v2
//   FAKE_NVML_PROCESSES a file with the compute= of all devices, read each time
//   FAKE_NVML_INFO      bytes of an element of the list of processes: 24, or 32
//   as
//                       in R535
//   FAKE_GPU_LEDGER     what processes have taken, see fake_ledger.h: missing
//                       from free=, listed beside compute=
//   FAKE_NVML_HANG      "init" or "handle": never returns from there
//   FAKE_NVML_CRASH     "init": dies there
//   FAKE_NVML_CHATTER   prints to stdout and stderr
//   FAKE_NVML_MARK      a file that is made when the library is loaded
//   FAKE_NVML_ASKED     a file that is made when processes are asked for
// Like the driver it rejects a second-version struct whose version field is not
// sizeof | 2 << 24, which its documentation gets wrong.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "fake_ledger.h"

namespace {

using Fields = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text + separator) {
    if (c == separator) {
      if (!part.empty()) parts.push_back(part);
      part.clear();
    } else {
      part += c;
    }
  }
  return parts;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

std::vector<Fields> records(const char* name) {
  std::vector<Fields> all;
  for (const std::string& record : split(variable(name), ';')) {
    Fields fields;
    for (const std::string& field : split(record, ',')) {
      const std::size_t equals = field.find('=');
      fields[field.substr(0, equals)] = field.substr(equals + 1);
    }
    all.push_back(fields);
  }
  return all;
}

// Kept for the life of the process: handles point into them.
const std::vector<Fields>& gpus() {
  static const std::vector<Fields> all = records("FAKE_NVML_GPUS");
  return all;
}

const std::vector<Fields>& instances() {
  static const std::vector<Fields> all = records("FAKE_NVML_MIG");
  return all;
}

const Fields& fields(const void* device) {
  return *static_cast<const Fields*>(device);
}

unsigned long long number(const Fields& of, const char* key) {
  const auto found = of.find(key);
  return found == of.end() ? 0
                           : std::strtoull(found->second.c_str(), nullptr, 0);
}

int status(const Fields& of, const char* key) {
  return static_cast<int>(number(of, key));
}

unsigned long long free_of(const Fields& of) {
  const unsigned long long free = number(of, "free");
  if (!of.count("uuid")) return free;
  return free - std::min(free, fake::taken_of(of.at("uuid")));
}

int copy(const Fields& of, const char* key, char* out, unsigned size) {
  const auto found = of.find(key);
  if (found == of.end()) return 3;
  if (found->second.size() + 1 > size) return 7;
  std::memcpy(out, found->second.c_str(), found->second.size() + 1);
  return 0;
}

void misbehave(const char* where) {
  if (variable("FAKE_NVML_HANG") == where)
    while (true) ::pause();
  if (variable("FAKE_NVML_CRASH") == where) std::abort();
}

void leave_mark(const char* name) {
  const std::string path = variable(name);
  if (path.empty()) return;
  if (std::FILE* const file = std::fopen(path.c_str(), "we")) std::fclose(file);
}

[[gnu::constructor]] void mark_loading() {
  leave_mark("FAKE_NVML_MARK");
}

struct Memory {
  unsigned long long total, free, used;
};
struct MemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};
struct ProcessInfo {
  unsigned pid;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};
struct PciInfo {
  char legacy[16];
  unsigned numbers[5];
  char bus_id[32];
};

// "PID:BYTES+PID:BYTES"; "-" for bytes that are not known.
int list_processes(const void* device, const char* key, unsigned* count,
                   unsigned char* infos) {
  leave_mark("FAKE_NVML_ASKED");
  const auto found = fields(device).find(key);
  std::string text = found == fields(device).end() ? "" : found->second;
  if (std::strcmp(key, "compute") == 0) {
    std::ifstream file(variable("FAKE_NVML_PROCESSES"));
    if (file) std::getline(file, text);
  }
  if (text == "no") return 3;
  if (std::strcmp(key, "compute") == 0)
    for (const fake::Held& one : fake::held_of(fields(device).at("uuid")))
      text += "+" + one.pid + ":" + std::to_string(one.bytes);
  const std::vector<std::string> all = split(text, '+');
  const unsigned room = *count;
  *count = static_cast<unsigned>(all.size());
  if (all.size() > room) return 7;
  const bool larger = variable("FAKE_NVML_INFO") == "32";
  for (const std::string& one : all) {
    const std::size_t colon = one.find(':');
    ProcessInfo info{};
    info.pid = static_cast<unsigned>(std::stoul(one.substr(0, colon)));
    info.used = one.substr(colon + 1) == "-"
                    ? ~0ULL
                    : std::stoull(one.substr(colon + 1));
    info.gpu_instance = info.compute_instance = ~0U;
    std::memcpy(infos, &info, sizeof info);
    if (larger) std::memset(infos + sizeof info, 0, 8);
    infos += larger ? 32 : sizeof info;
  }
  return 0;
}

}  // namespace

// The names are the driver's.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

int nvmlInit_v2() {
  if (!variable("FAKE_NVML_CHATTER").empty()) {
    std::printf("WARNING: you linked a stub\n");
    std::fflush(stdout);
    for (int i = 0; i < 10'000; ++i) std::fprintf(stderr, "NVRM: noise\n");
  }
  misbehave("init");
  return std::atoi(variable("FAKE_NVML_INIT").c_str());
}

const char* nvmlErrorString(int code) {
  return code == 18 ? "Driver/library version mismatch" : "Some Error";
}

int nvmlDeviceGetCount_v2(unsigned* n) {
  *n = static_cast<unsigned>(gpus().size());
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned i, const void** device) {
  misbehave("handle");
  if (i >= gpus().size()) return 2;
  *device = &gpus()[i];
  return status(gpus()[i], "handle");
}

int nvmlDeviceGetUUID(const void* device, char* out, unsigned size) {
  return copy(fields(device), "uuid", out, size);
}

int nvmlDeviceGetName(const void* device, char* out, unsigned size) {
  return copy(fields(device), "name", out, size);
}

int nvmlDeviceGetPciInfo_v3(const void* device, PciInfo* info) {
  return copy(fields(device), "pci", info->bus_id, sizeof info->bus_id);
}

int nvmlDeviceGetMemoryInfo(const void* device, Memory* memory) {
  if (const int code = status(fields(device), "memory")) return code;
  memory->total = number(fields(device), "total");
  memory->free = free_of(fields(device));
  memory->used = memory->total - memory->free;
  return 0;
}

int nvmlDeviceGetMemoryInfo_v2(const void* device, MemoryV2* memory) {
  if (memory->version != 0x02000028U) return 13;
  const std::string forced = variable("FAKE_NVML_V2");
  if (!forced.empty()) return std::atoi(forced.c_str());
  if (const int code = status(fields(device), "memory")) return code;
  memory->total = number(fields(device), "total");
  memory->free = free_of(fields(device));
  // As on an A100: what is reserved is in neither.
  memory->reserved = 904ULL << 20;
  memory->used = memory->total - memory->free - memory->reserved;
  return 0;
}

int nvmlDeviceGetMigMode(const void* device, unsigned* current,
                         unsigned* pending) {
  if (!fields(device).count("mig")) return 3;
  *current = *pending = static_cast<unsigned>(number(fields(device), "mig"));
  return 0;
}

int nvmlDeviceGetMaxMigDeviceCount(const void*, unsigned* n) {
  *n = 7;
  return 0;
}

int nvmlDeviceGetMigDeviceHandleByIndex(const void* parent, unsigned slot,
                                        const void** device) {
  const auto* const first = gpus().data();
  const auto index =
      static_cast<unsigned>(static_cast<const Fields*>(parent) - first);
  for (const Fields& instance : instances()) {
    if (number(instance, "parent") != index) continue;
    if (number(instance, "slot") != slot) continue;
    *device = &instance;
    return 0;
  }
  return 6;
}

int nvmlDeviceGetGpuInstanceId(const void* device, unsigned* id) {
  *id = static_cast<unsigned>(number(fields(device), "gi"));
  return 0;
}

int nvmlDeviceGetComputeInstanceId(const void* device, unsigned* id) {
  *id = static_cast<unsigned>(number(fields(device), "ci"));
  return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(const void* device, unsigned* count,
                                            void* infos) {
  return list_processes(device, "compute", count,
                        static_cast<unsigned char*>(infos));
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(const void* device,
                                             unsigned* count, void* infos) {
  return list_processes(device, "graphics", count,
                        static_cast<unsigned char*>(infos));
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
