// What processes have taken of the fake GPUs: the one thing that the stand-ins
// for libcuda.so.1 and libnvidia-ml.so.1 share, so that memory taken through
// the first is missing from what the second says.
//
// FAKE_GPU_LEDGER names a folder; a file PID.DIGITS in it holds the bytes that
// this process has of the GPU with these 32 hexadecimal digits. The files of
// processes that have ended do not count. Without the variable nothing is
// taken, and nobody looks.

#pragma once

#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fake {

struct Held {
  std::string pid;
  unsigned long long bytes = 0;
};

inline std::string ledger() {
  const char* const folder = std::getenv("FAKE_GPU_LEDGER");
  return folder ? folder : "";
}

// "GPU-0a1b-..." as the digits alone.
inline std::string digits_of(const std::string& uuid) {
  std::string digits;
  for (const char c : uuid.substr(uuid.starts_with("GPU-") ? 4 : 0))
    if (c != '-') digits += c;
  return digits;
}

inline std::vector<Held> held_of(const std::string& uuid) {
  std::vector<Held> all;
  if (ledger().empty()) return all;
  for (const auto& entry : std::filesystem::directory_iterator(ledger())) {
    const std::string pid = entry.path().stem();
    if (entry.path().extension() != "." + digits_of(uuid)) continue;
    if (!std::filesystem::exists("/proc/" + pid)) continue;
    Held one{pid, 0};
    std::ifstream(entry.path()) >> one.bytes;
    all.push_back(one);
  }
  return all;
}

inline unsigned long long taken_of(const std::string& uuid) {
  unsigned long long sum = 0;
  for (const Held& one : held_of(uuid)) sum += one.bytes;
  return sum;
}

// Takes `bytes` more for this process where at most `room` are taken then.
inline bool take(const std::string& uuid, unsigned long long bytes,
                 unsigned long long room) {
  const std::string name = ledger() + "/lock";
  std::FILE* const lock = std::fopen(name.c_str(), "we");
  if (!lock) return false;
  ::flock(::fileno(lock), LOCK_EX);
  const bool fits = taken_of(uuid) + bytes <= room;
  if (fits) {
    const std::string file =
        ledger() + "/" + std::to_string(::getpid()) + "." + digits_of(uuid);
    unsigned long long before = 0;
    std::ifstream(file) >> before;
    std::ofstream(file + "~") << before + bytes;
    std::filesystem::rename(file + "~", file);
  }
  std::fclose(lock);
  return fits;
}

}  // namespace fake
