// How many CPUs this process may use: the default of `want`.
//
// /proc/self/status says in Cpus_allowed_list what sched_getaffinity(2) says,
// cpusets included, and is a file that a fixture machine can have too.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fitrun {

// The numbers in a kernel list like "0-3,8,10-11" (Documentation/admin-guide/
// cputopology.rst counts them so); empty where the text is not such a list.
std::optional<std::uint64_t> count_cpu_list(std::string_view text);

}  // namespace fitrun
