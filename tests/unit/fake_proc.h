// A /proc made of files, with what share/ reads of processes.

#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "machine_dir.h"
#include "os/host.h"

inline constexpr std::uint64_t kMiB = 1U << 20;

// /proc/PID/stat with the fields that count: state, parent, threads, start,
// resident pages, address of the stack, which is also where the environment
// ends.
inline std::string stat_line(const std::string& pid_and_name, char state,
                             int parent, int threads, int start, int resident,
                             const std::string& stack) {
  return pid_and_name + " " + state + " " + std::to_string(parent) +
         " 5 6 0 -1 4194304 7 8 9 10 11 12 13 14 20 0 " +
         std::to_string(threads) + " 0 " + std::to_string(start) + " 2703360 " +
         std::to_string(resident) + " 18446744073709551615 1 2 " + stack +
         " 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 " + stack + " 0\n";
}

class FakeProc {
 public:
  fitrun::Host host() const { return fitrun::Host(machine_.root()); }

  // A process that started at 77.
  void add(int pid, int parent, std::uint64_t anonymous_mib,
           const std::string& stack, const std::string& children = "",
           std::uint64_t peak_mib = 0, int threads = 1) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t shared = 10 * kMiB / page;
    const std::uint64_t resident = anonymous_mib * kMiB / page + shared;
    const std::string id = std::to_string(pid);
    write(id + "/stat", stat_line(id + " (a) R 1 (b)", 'S', parent, threads, 77,
                                  static_cast<int>(resident), stack));
    write(id + "/statm", "99999 " + std::to_string(resident) + " " +
                             std::to_string(shared) + " 1 0 1 0\n");
    if (!children.empty()) write(id + "/task/" + id + "/children", children);
    if (peak_mib > 0)
      write(id + "/status", "Name:\tx\nVmHWM:\t   " +
                                std::to_string(peak_mib * 1024) + " kB\n");
  }

  void write(const std::string& path, const std::string& text) {
    machine_.file("/proc/" + path, text);
  }

  void link(const std::string& path, const std::string& target) {
    std::filesystem::create_symlink(target, machine_.root() + "/proc/" + path);
  }

 private:
  MachineDir machine_;
};
