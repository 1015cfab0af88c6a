// What live leases claim of each constraint. Pure.
//
// A lease claims what it has set aside, or what its command uses where that is
// more. Used bytes are missing from what a probe calls available, so they are
// told apart: fit.h puts the two together. Read what is used first and probe
// after it, then memory that a command takes in between is counted twice, never
// not at all.
//
// A limit is shared by those below it only. The host's memory concerns
// everyone; the memory.max of a cgroup concerns the leases whose own cgroups
// are in it; a GPU's memory the leases of that GPU. A launch inside another
// one's tree (a recipe of a make that fitrun started) draws on the lease around
// it: for itself that lease counts with what is used already, for others the
// two are one claim, the larger of them.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "share/lease.h"
#include "share/lease_state.h"

namespace fitrun {

struct LiveLease {
  Lease lease;
  uid_t owner = 0;  // of the file
  LeaseState state = LeaseState::running;
  std::vector<pid_t> pids;  // the whole tree, where it can be seen
  std::uint64_t used = 0;   // bytes of RAM, at least
};

// What one process has of a GPU, where the driver tells. NVIDIA's tells the
// kernel's own pids, which mean others in a container: there, as wherever
// nothing is known, the lease counts in full.
struct DeviceUse {
  std::string device;
  pid_t pid = 0;
  std::uint64_t bytes = 0;
};

// One constraint that spoke, with those whose leases count against it.
struct SharedLimit {
  Pool pool = Pool::ram;
  std::string device;  // the GPU's UUID; "" for RAM
  std::string level;   // of a cgroup: level_id(); "" where the host is meant
};

// Who asks. Ids are this user's: another user's lease may bear the same one.
struct Viewer {
  uid_t user = 0;
  std::string id;            // its own lease or place in the queue, or ""
  std::uint64_t queued = 0;  // Lease::taken of that place; 0: not in the queue
  std::vector<std::string> enclosing;  // ids of the leases around it
};

struct Claim {
  std::size_t lease = 0;    // index in the live leases
  std::uint64_t bytes = 0;  // the larger of leased and used
  std::uint64_t used = 0;   // of those
  friend bool operator==(const Claim&, const Claim&) = default;
};

// The GPUs that commands hold leases of, and the processes behind those: what
// is worth asking the drivers.
struct LeasedGpus {
  std::vector<std::string> devices;
  std::vector<pid_t> pids;
};
LeasedGpus leased_gpus(const std::vector<LiveLease>& live);

// Bytes of `holding` that the lease's tree uses now.
std::uint64_t used_of(const LiveLease& live, const Holding& holding,
                      const std::vector<DeviceUse>& uses);

// max(0, leased - used); for a launch that waits, all of it.
std::uint64_t outstanding(const LiveLease& live, const Holding& holding,
                          const std::vector<DeviceUse>& uses);

// Whether `live` waits ahead of the viewer. One that was stopped lets others
// pass.
bool waits_ahead(const LiveLease& live, const Viewer& viewer);

// The ids of the leases around a process whose environment says `mark`. Another
// user's word is not taken for it.
std::vector<std::string> enclosing_leases(const std::vector<LiveLease>& live,
                                          const std::string& mark, uid_t user);

// The claims under each of the limits, in order; those of nothing are left out.
std::vector<std::vector<Claim>> claims_on(
    const std::vector<SharedLimit>& limits, const std::vector<LiveLease>& live,
    const Viewer& viewer, const std::vector<DeviceUse>& uses = {});

}  // namespace fitrun
