// Takes memory little by little, as a compiler does, keeps it, and ends.
//
//   grow MIB [SECONDS [SECONDS|FILE]]    growing for 0.4, then for 0.2 more
//
// With FILE, which is no number, it keeps all of it until there is such a file.
// It sleeps between, so that many can run on one CPU.

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::size_t bytes = std::strtoull(argv[1], nullptr, 10) << 20;
  const double growing = argc > 2 ? std::atof(argv[2]) : 0.4;
  const char* const last = argc > 3 ? argv[3] : "0.2";
  char* unread = nullptr;
  const double rest = std::strtod(last, &unread);
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return 3;
  constexpr std::size_t kSteps = 40;
  for (std::size_t step = 0; step < kSteps; ++step) {
    const std::size_t from = bytes / kSteps * step;
    const std::size_t to = step + 1 == kSteps ? bytes : from + bytes / kSteps;
    std::memset(static_cast<char*>(at) + from, 1, to - from);
    std::this_thread::sleep_for(
        std::chrono::duration<double>(growing / kSteps));
  }
  const bool named = *unread != '\0';
  while (named && ::access(last, F_OK) != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::duration<double>(rest));
  return 0;
}
