// Whether a lease still holds: the rule of lease.h as a function.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "share/lease.h"
#include "share/process.h"

namespace fitrun {

// How long after its lease a launch may be about to exec, so that no process
// carries the mark yet.
inline constexpr std::chrono::seconds kUntilMarked{5};

// From where and when leases are judged.
struct Viewpoint {
  ProcessIdentity self;    // of the reader
  std::uint64_t now = 0;   // nanoseconds after boot (CLOCK_BOOTTIME)
  std::uint64_t wall = 0;  // the same moment in seconds after 1970
  uid_t user = 0;
  // Bytes of RAM that this machine has: what nobody can claim more of.
  std::uint64_t ram = std::numeric_limits<std::uint64_t>::max();
};

// What is seen of a lease's holder by its pid.
enum class HolderState {
  running,
  stopped,  // by SIGSTOP or ^Z
  gone,     // no such process, a zombie, or another one with the same pid
  hidden,   // exists, but /proc does not show it (mounted with hidepid)
  unknown,  // of another time namespace: a process has the pid, be it another
};

// `stat` is empty where /proc/PID/stat is not there; `exists` is what kill(pid,
// 0) says then.
enum class Existence { none, some };
HolderState holder_state(const Lease& lease, const Viewpoint& view,
                         const std::optional<ProcessStat>& stat,
                         Existence existence);

enum class LeaseState {
  running,
  stopped,
  left_behind,  // the holder has ended, marked processes go on
  unseen,       // of a pid or time namespace in which we cannot judge it
  ended,
};

// "running", "left-behind": one word, for tables and JSON alike.
std::string_view name_of(LeaseState state);

// `holder` says nothing where the lease is of another pid namespace. `marked`
// is the number of living processes that carry the lease's mark; empty where we
// may not look.
LeaseState lease_state(const Lease& lease, const Viewpoint& view,
                       HolderState holder, std::optional<std::size_t> marked);

// Whether only the marked processes can tell how the lease stands, so that
// looking for them is worth its time.
bool needs_marks(const Lease& lease, const Viewpoint& view, HolderState holder);

}  // namespace fitrun
