// A stand-in for libamdhip64.so. FAKE_HIP_GPUS holds the PCI addresses of its
// devices in ROCm's order, between ';'. ROCR_VISIBLE_DEVICES hides some, and
// HIP_VISIBLE_DEVICES, else CUDA_VISIBLE_DEVICES, some of those that are left:
// numbers only, and a bad entry ends a list. This is written a second time, not
// taken from src: fitrun is compared with it.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Texts = std::vector<std::string>;

Texts split(const std::string& text, char separator) {
  Texts all;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    all.push_back(part);
  return all;
}

enum class Numbers { trimmed, as_printed };

Texts chosen(const Texts& from, const std::string& list, Numbers numbers) {
  Texts seen;
  for (const std::string& entry : split(list, ',')) {
    char* end = nullptr;
    const long at = std::strtol(entry.c_str(), &end, 0);
    if (entry.empty() || *end != '\0' || at < 0) break;
    if (numbers == Numbers::as_printed && entry != std::to_string(at)) break;
    if (at >= static_cast<long>(from.size())) break;
    const std::string& device = from[static_cast<std::size_t>(at)];
    if (std::find(seen.begin(), seen.end(), device) == seen.end())
      seen.push_back(device);
    else if (numbers == Numbers::trimmed)
      break;
  }
  return seen;
}

Texts devices() {
  const char* const all = std::getenv("FAKE_HIP_GPUS");
  Texts seen = split(all ? all : "", ';');
  if (const char* const list = std::getenv("ROCR_VISIBLE_DEVICES"))
    seen = chosen(seen, list, Numbers::trimmed);
  for (const char* const name :
       {"HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"}) {
    const char* const list = std::getenv(name);
    if (list && *list) return chosen(seen, list, Numbers::as_printed);
  }
  return seen;
}

}  // namespace

// The names are the runtime's.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

int hipGetDeviceCount(int* n) {
  *n = static_cast<int>(devices().size());
  return *n == 0 ? 100 : 0;
}

int hipDeviceGetPCIBusId(char* text, int size, int device) {
  const std::string address = devices()[static_cast<std::size_t>(device)];
  if (static_cast<int>(address.size()) >= size) return 1;
  std::memcpy(text, address.c_str(), address.size() + 1);
  return 0;
}

int hipSetDevice(int device) {
  return device < static_cast<int>(devices().size()) ? 0 : 101;
}

int hipFree(void*) {
  return 0;
}

int hipMalloc(void** pointer, std::size_t bytes) {
  *pointer = nullptr;
  return bytes > (1ULL << 34) ? 2 : 0;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
