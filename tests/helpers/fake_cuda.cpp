// A stand-in for libcuda.so.1. FAKE_CUDA_GPUS holds its devices in its order,
// between ';': 32 hexadecimal digits, and "+" behind them for an integrated
// part. FAKE_CUDA_INIT is the status of cuInit.
//
// With FAKE_GPU_LEDGER (fake_ledger.h) memory can be taken, of each device as
// much as FAKE_CUDA_ROOM says, FAKE_CUDA_CONTEXT bytes by a context, and
// CUDA_VISIBLE_DEVICES hides devices as the programming guide says. This is
// written a second time, not taken from src: fitrun is compared with it.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "fake_ledger.h"

namespace {

std::vector<std::string> split(const char* text, char separator) {
  std::vector<std::string> all;
  std::string part;
  for (const char c : std::string(text ? text : "") + separator) {
    if (c != separator) {
      part += c;
    } else if (!part.empty()) {
      all.push_back(part);
      part.clear();
    }
  }
  return all;
}

// The one device that an entry names; `all.size()` for none or several.
std::size_t named(const std::vector<std::string>& all, const std::string& entry,
                  bool by_uuid) {
  std::size_t found = all.size();
  if (!by_uuid) {
    char* end = nullptr;
    const long number = std::strtol(entry.c_str(), &end, 10);
    return end == entry.c_str() || number < 0
               ? found
               : std::min(found, static_cast<std::size_t>(number));
  }
  if (!entry.starts_with("GPU-")) return found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].starts_with(fake::digits_of(entry))) continue;
    if (found != all.size()) return all.size();
    found = i;
  }
  return found;
}

std::vector<std::string> devices() {
  std::vector<std::string> all = split(std::getenv("FAKE_CUDA_GPUS"), ';');
  const char* const list = std::getenv("CUDA_VISIBLE_DEVICES");
  if (fake::ledger().empty() || !list) return all;
  const bool by_uuid = std::string(list).starts_with("GPU-");
  std::vector<std::string> seen;
  for (const std::string& entry : split(list, ',')) {
    const std::size_t at = named(all, entry, by_uuid);
    if (at == all.size()) break;
    for (const std::string& other : seen)
      if (other == all[at]) return {};
    seen.push_back(all[at]);
  }
  return seen;
}

unsigned long long number_of(const char* name) {
  const char* const value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 0) : 0;
}

std::string current;  // the device of this process's context

bool take(unsigned long long bytes) {
  return fake::take(current, bytes, number_of("FAKE_CUDA_ROOM"));
}

}  // namespace

// The names are the driver's.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

int cuInit(unsigned) {
  const char* const value = std::getenv("FAKE_CUDA_INIT");
  return value ? std::atoi(value) : 0;
}

int cuDeviceGetCount(int* n) {
  *n = static_cast<int>(devices().size());
  return 0;
}

int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return 0;
}

int cuDeviceGetUuid_v2(unsigned char* bytes, int device) {
  const std::string digits = devices()[static_cast<std::size_t>(device)];
  for (std::size_t i = 0; i < 16; ++i)
    bytes[i] = static_cast<unsigned char>(
        std::stoi(digits.substr(2 * i, 2), nullptr, 16));
  return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  if (attribute != 18) return 1;
  *value = devices()[static_cast<std::size_t>(device)].back() == '+' ? 1 : 0;
  return 0;
}

int cuDevicePrimaryCtxRetain(void** context, int device) {
  current = devices()[static_cast<std::size_t>(device)];
  *context = &current;
  return take(number_of("FAKE_CUDA_CONTEXT")) ? 0 : 2;
}

int cuCtxSetCurrent(void*) {
  return 0;
}

int cuMemAlloc_v2(unsigned long long* pointer, std::size_t bytes) {
  *pointer = 0x10000;
  return take(bytes) ? 0 : 2;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
