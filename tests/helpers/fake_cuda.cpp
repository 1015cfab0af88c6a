// A stand-in for libcuda.so.1. FAKE_CUDA_GPUS holds its devices in its order,
// between ';': 32 hexadecimal digits, and "+" behind them for an integrated
// part. FAKE_CUDA_INIT is the status of cuInit.

#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::vector<std::string> devices() {
  std::vector<std::string> all;
  const char* const value = std::getenv("FAKE_CUDA_GPUS");
  std::string part;
  for (const char c : std::string(value ? value : "") + ";") {
    if (c != ';') {
      part += c;
    } else if (!part.empty()) {
      all.push_back(part);
      part.clear();
    }
  }
  return all;
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

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
