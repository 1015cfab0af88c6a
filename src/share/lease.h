// A lease: what one launch has set aside, as a small text file that outlives
// the program that wrote it.
//
// fitrun becomes the command with exec, so nobody is left to give a lease back.
// Whoever reads the file next has to find out whether it still holds. What can
// answer that:
//
//   the kernel's lock on a descriptor that the command inherits
//     Ends exactly with the last process that has the descriptor. But the
//     command would start with a descriptor more than it was given (exec in
//     place promises that it does not), one that closes what it does not know
//     (daemons, subprocess.Popen, sshd) would end the lease at once, and a
//     compile server started on the way would keep it for days.
//   a pidfd
//     Cannot be stored in a file; it is how a waiting launch hears of the end.
//   pid, start time, pid and time namespace, boot id
//     exec keeps the pid and the start time (field 22 of /proc/PID/stat; a
//     thread that execs takes over those of its leader), no two processes of a
//     boot share both within one pid namespace, and nothing that the command
//     does to its descriptors, session or environment changes them. SIGKILL
//     ends them like exit. It is the identity of the holder: while it lives, so
//     does the lease.
//   a process group, session or cgroup
//     fitrun shares them with its siblings (four recipes of one make), so they
//     outlive the lease; and it may not make its own, which would cost the
//     command its terminal.
//   the variable FITRUN_LEASE=<id> in the command's environment
//     Inherited by every descendant through fork, exec, setsid and the death of
//     parents, and readable in /proc/PID/environ by the same user.
//
// So the lease is the holder's for as long as it lives, and after that the
// marked processes': a command that turns into a daemon, or was killed while
// its children go on, keeps its lease with them. That second part ends kRampUp
// after the lease was taken. A build leaves compile servers behind that live
// for days and need nothing more; what they use is missing from the available
// memory anyway, and only memory that is still to come needs a lease. Not seen:
// descendants with an emptied environment (env -i, sudo), and another user's
// once the holder is gone.
//
// A lease of another pid namespace (a container on the same folder) is known by
// its marks alone. From the host they are seen. From a namespace beside it
// nobody can tell whether it still holds: it counts in full for kRampUp, and no
// longer.
//
// In another time namespace (unshare -T, a container that was checkpointed and
// restored) the same process has another start time. There the holder is judged
// by its pid alone: where no process has it, the lease has ended; where one
// has, nobody can tell, and the lease counts in full and is left alone.
//
// Another user's lease is a claim, and little of it is believed: see survey.h.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pool.h"
#include "base/result.h"

namespace fitrun {

// The variable that marks the processes of a lease with its id.
inline constexpr char kLeaseVariable[] = "FITRUN_LEASE";

// How long after it was taken a lease counts without its holder. A daemon loads
// its data in this time, and most jobs that leave an idle server behind take
// longer, so that the next step of a build does not find it in its way.
inline constexpr std::chrono::minutes kRampUp{2};

// A longer file is not a lease.
inline constexpr std::size_t kLargestLease = 16U << 10;

// One process of one boot, as the namespaces of its reader count.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start = 0;          // clock ticks after boot
  std::uint64_t pid_namespace = 0;  // inode number of /proc/self/ns/pid
  std::string boot;                 // /proc/sys/kernel/random/boot_id
  // Inode number of /proc/self/ns/time; 0 before Linux 5.6.
  std::uint64_t time_namespace = 0;
  friend bool operator==(const ProcessIdentity&,
                         const ProcessIdentity&) = default;
};

struct Holding {
  Pool pool = Pool::ram;
  std::string device;  // "" for RAM, else the GPU's UUID; no blanks
  std::uint64_t bytes = 0;
  friend bool operator==(const Holding&, const Holding&) = default;
};

enum class LeaseKind {
  held,     // the command runs
  waiting,  // the launch waits; its holdings are what it needs to start
};

struct Lease {
  std::string id;  // 16 hexadecimal digits
  LeaseKind kind = LeaseKind::held;
  ProcessIdentity holder;  // the command: while it lives, so does the lease
  // Who wrote this, where that is not the holder: a keeper beside the command.
  std::optional<ProcessIdentity> writer;
  std::uint64_t taken = 0;  // nanoseconds after boot (CLOCK_BOOTTIME)
  std::uint64_t since = 0;  // the same moment in seconds after 1970
  std::uint64_t threads = 0;
  std::string within;               // id of the lease around it, or ""
  std::vector<std::string> levels;  // see level_id(); leaf first
  std::vector<Holding> holdings;
  std::string label;
  friend bool operator==(const Lease&, const Lease&) = default;
};

// 16 lower-case hexadecimal digits.
bool is_lease_id(std::string_view text);

// As a file. A label is cut at 100 bytes and its control characters become
// blanks.
std::string format_lease(const Lease& lease);

// Strict: the text is exactly what format_lease writes for some lease, or an
// error; its code is ENOTSUP where a later fitrun wrote it.
Result<Lease> parse_lease(std::string_view text);

}  // namespace fitrun
