// How a process ended that is not our child. The kernel keeps that for those
// who hold a pidfd (PIDFD_GET_INFO, Linux 6.15), from the moment that its
// parent has waited for it.

#pragma once

#include <chrono>
#include <optional>

namespace fitrun {

// As waitpid(2) gave it to the parent. `pidfd` was opened while the process
// lived, and the process has ended; waits so long for its parent to notice.
// Empty where that is not to be known.
std::optional<int> wait_status_of(int pidfd, std::chrono::milliseconds most);

}  // namespace fitrun
