#include "os/process_end.h"

#include <poll.h>
#include <sys/ioctl.h>

#include <cstdint>

namespace fitrun {
namespace {

// struct pidfd_info of linux/pidfd.h in its first size; older headers lack it.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup;
  std::uint32_t ids[11];
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);

constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);
constexpr std::uint64_t kExit = 1U << 3;  // PIDFD_INFO_EXIT

}  // namespace

std::optional<int> wait_status_of(int pidfd, std::chrono::milliseconds most) {
  const auto ask = [pidfd]() -> std::optional<int> {
    PidfdInfo info{};
    info.mask = kExit;
    if (::ioctl(pidfd, kGetInfo, &info) != 0 || (info.mask & kExit) == 0)
      return std::nullopt;
    return info.exit_code;
  };
  if (const auto status = ask()) return status;
  // Waited for: the descriptor hangs up. An older kernel does not say so.
  pollfd noticed{pidfd, 0, 0};
  if (::poll(&noticed, 1, static_cast<int>(most.count())) != 1)
    return std::nullopt;
  return ask();
}

}  // namespace fitrun
