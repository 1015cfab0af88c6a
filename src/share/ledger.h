// The leases of all launches on this machine, and this launch's own among them.
//
//   Ledger ledger(host, environment);
//   FolderLock lock = ledger.lock();
//   const LedgerReading seen = ledger.read(lock);
//   ... probe, claims_on(limits, seen.live, seen.viewer), fit ...
//   ledger.take(lock, request, seen);  // its id: FITRUN_LEASE for the command
//   lock.unlock();
//   ... exec ...
//
// Two launches never count on the same bytes because all of that is under a
// lock (lock.h). Nothing of it is left in the command: every descriptor is
// close-on-exec.
//
// In a folder that all users share, another user can ask for the whole machine
// and never use it. Launches beside it run one worker meanwhile. One that waits
// listens for kHeedOthers; after that only what other users really use stands
// in its way, which is missing from what is available.
//
// Sharing never fails a launch. Where there is no folder, no /proc, or no lock
// in time, the functions do what they can, or nothing, and notes() says so
// once.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/environment.h"
#include "os/fd.h"
#include "os/host.h"
#include "share/claims.h"
#include "share/folder.h"
#include "share/lease.h"
#include "share/lease_file.h"
#include "share/lock.h"
#include "share/watch.h"

namespace fitrun {

// How long a launch that waits heeds what other users have set aside.
inline constexpr std::chrono::seconds kHeedOthers{60};

// What a launch asks for.
struct LeaseRequest {
  std::string label;
  std::uint64_t threads = 0;
  std::vector<Holding> holdings;
  // The cgroups that the command is charged to: paths of their directories, in
  // any order; those above them are added. Texts that are no paths (a batch
  // job's id) are levels as they are.
  std::vector<std::string> levels;
};

// What one look at the ledger found.
struct LedgerReading {
  std::vector<LiveLease> live;
  // Lists of held jobs that lie there, of this user's launches: names for
  // open_held().
  std::vector<LeaseName> held;
  // Who we are among those: a lease of which this process is a part, by its
  // mark or by its parents, is around us.
  Viewer viewer;
};

class Ledger {
 public:
  // The folder of open_lease_folder(), or none where FITRUN_LEASES is "off" or
  // `host` is not the running machine.
  Ledger(const Host& host, const Environment& environment);

  // Whether there is a folder.
  bool on() const { return home_.has_value(); }
  // Its path, or "".
  std::string where() const;

  // Waits until this launch has the lock, as long as patience lasts. Then goes
  // on without it, which leaves the other launches' leases counted and only
  // those taken in the same moment not.
  FolderLock lock();

  // The leases that hold. Where the lock is held, also deletes the files of
  // those that do not and are ours.
  LedgerReading read(const FolderLock& lock = {}) const;

  // Takes a lease, under the lock; ends a place in the queue. `seen` is what
  // read() said under the same lock. The id, or "" where there is no folder.
  std::string take(const FolderLock& lock, const LeaseRequest& request,
                   const LedgerReading& seen);

  // Takes a place at the end of the queue, under the lock; keeps the one that
  // it has. `request` says what must be available for the launch to start.
  void queue(const FolderLock& lock, const LeaseRequest& request,
             const LedgerReading& seen);

  // Sleeps until a lease or an earlier place in the queue may have ended, or
  // for a while (watch.h), since no event tells that memory was freed. `wanted`
  // is what the place is for, `seen` what read() said under the lock, which
  // must be unlocked by now. No signal is touched.
  Wake wait_for_change(const LedgerReading& seen,
                       const std::vector<Holding>& wanted,
                       std::chrono::steady_clock::time_point deadline) const;

  // Sets these bytes aside in place of those that the lease was taken with.
  // Also for a child of the process that took it, a keeper: it becomes the
  // writer, and the holder stays.
  void renew(const std::vector<Holding>& holdings);

  // An empty file for the list of the jobs that this launch holds, beside its
  // lease, for reading and writing; empty where there is no lease.
  Fd make_held() const;
  void remove_held() const;

  // One that lies there, and nothing where it is not a file of this user's.
  Fd open_held(const LeaseName& name) const;
  void remove_held(const LeaseName& name) const;

  // What a detached process needs that is to read and renew.
  std::vector<int> descriptors() const;

  // The boot's id; "" where there is no folder.
  const std::string& boot() const { return self_.boot; }

  // Gives up the lease or the place in the queue.
  void leave();

  // Sentences for the user, each said once.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void note(std::string sentence);
  bool find_self();
  bool heeds_others() const;
  Viewer viewer(const std::vector<LiveLease>& live) const;
  bool write(LeaseKind kind, const LeaseRequest& request,
             const std::string& within);

  Host host_;
  std::string mark_;  // FITRUN_LEASE of this process
  uid_t user_;
  std::optional<LeaseHome> home_;
  ProcessIdentity self_;
  std::optional<Lease> own_;  // the lease, or the place in the queue
  Fd watch_;                  // inotify on the folder, once queued
  std::vector<std::string> notes_;
};

}  // namespace fitrun
