// The users of this machine, as the kernel tells them: by their processes.
//
// Nothing that one user writes says who another one is. Which users there are
// is asked of /proc, and so is whose a process is.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "os/host.h"

namespace fitrun {

// The users who own a process, `user` left out, in ascending order: ids of
// people and services come before the ranges that user namespaces are given.
// Looks at no more than 32768 processes, and returns at most `most`. Costs
// about 3 us a process. Where /proc hides what is not ours (hidepid), none.
std::vector<uid_t> other_users(const Host& host, uid_t user, std::size_t most);

// Whether `pid` is a process of `user`: by the owner of /proc/PID, or, where
// that is root because the program may not be looked into (proc(5)), by the
// real user id. False where it cannot be seen.
bool is_process_of(const Host& host, pid_t pid, uid_t user);

// The real user id in the text of /proc/PID/status.
std::optional<uid_t> parse_real_uid(std::string_view status);

// The id that `user` has in the user namespace around this one, by the text of
// /proc/self/uid_map (user_namespaces(7)); `user` where it is not mapped.
uid_t outside_uid(std::string_view uid_map, uid_t user);

}  // namespace fitrun
