#include "share/ledger.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/text.h"
#include "share/lease_state.h"
#include "share/process.h"
#include "share/survey.h"

namespace fitrun {
namespace {

std::uint64_t clock_now(clockid_t clock) {
  struct timespec now {};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::string new_id() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
    number = clock_now(CLOCK_MONOTONIC) ^
             (static_cast<std::uint64_t>(::getpid()) << 40);
  char id[17];
  std::snprintf(id, sizeof id, "%016jx", static_cast<std::uintmax_t>(number));
  return id;
}

std::string innermost(const Viewer& viewer) {
  return viewer.enclosing.empty() ? "" : viewer.enclosing.front();
}

}  // namespace

Ledger::Ledger(const Host& host, const Environment& environment)
    : host_(host), user_(::geteuid()) {
  const std::optional<std::string> setting = environment.get("FITRUN_LEASES");
  if (!host.live() || setting == "off") return;
  mark_ = environment.get(kLeaseVariable).value_or("");
  Result<LeaseFolder> folder = open_lease_folder(
      folder_candidates(setting, environment.get("XDG_RUNTIME_DIR"), user_),
      user_);
  if (!folder)
    note("launches beside this one are not seen: " + folder.error().message);
  else if (!find_self())
    note("launches beside this one are not seen: /proc does not show us");
  else
    folder_ = std::move(*folder);
}

std::string Ledger::where() const {
  return folder_ ? folder_->path : "";
}

void Ledger::note(std::string sentence) {
  if (std::find(notes_.begin(), notes_.end(), sentence) == notes_.end())
    notes_.push_back(std::move(sentence));
}

bool Ledger::find_self() {
  const Result<std::string> text = host_.read("/proc/self/stat");
  if (!text) return false;
  const auto stat = parse_process_stat(*text);
  const Result<std::string> boot =
      host_.read("/proc/sys/kernel/random/boot_id");
  struct stat space {};
  // A /proc of another pid namespace counts other pids than our system calls.
  if (!stat || stat->pid != ::getpid() || !boot ||
      ::stat(host_.full("/proc/self/ns/pid").c_str(), &space) != 0)
    return false;
  self_ = {stat->pid, stat->start, space.st_ino, std::string(trim(*boot))};
  return true;
}

FolderLock Ledger::lock() {
  if (!folder_) return {};
  Result<FolderLock> lock = lock_folder(host_, *folder_, user_);
  if (lock) return std::move(*lock);
  note("a launch at this moment may not be seen: " + lock.error().message);
  return {};
}

LedgerReading Ledger::read(const FolderLock& lock) const {
  if (!folder_) return {};
  const Viewpoint view{self_, clock_now(CLOCK_BOOTTIME)};
  Survey survey = survey_leases(host_, *folder_, view, user_);
  if (lock.held())
    for (const LeaseName& name : survey.stale)
      remove_lease_file(*folder_, name);
  LedgerReading seen;
  seen.viewer = viewer(survey.live);
  seen.live = std::move(survey.live);
  return seen;
}

Viewer Ledger::viewer(const std::vector<LiveLease>& live) const {
  Viewer viewer;
  viewer.user = user_;
  if (own_) viewer.id = own_->id;
  viewer.queued = queued_;
  viewer.enclosing = enclosing_leases(live, mark_, user_);
  if (!viewer.enclosing.empty()) return viewer;
  // The variable is gone (env -i), but the tree still shows it.
  const LiveLease* innermost = nullptr;
  for (const LiveLease& one : live) {
    if (one.owner != user_ || one.lease.kind != LeaseKind::held ||
        one.lease.id == viewer.id ||
        std::find(one.pids.begin(), one.pids.end(), self_.pid) ==
            one.pids.end())
      continue;
    if (!innermost || innermost->lease.taken < one.lease.taken)
      innermost = &one;
  }
  if (innermost)
    viewer.enclosing = enclosing_leases(live, innermost->lease.id, user_);
  return viewer;
}

bool Ledger::write(LeaseKind kind, const LeaseRequest& request,
                   const std::string& within) {
  Lease lease;
  lease.id = own_ ? own_->id : new_id();
  lease.kind = kind;
  lease.holder = self_;
  lease.taken = clock_now(CLOCK_BOOTTIME);
  lease.since = clock_now(CLOCK_REALTIME) / 1'000'000'000U;
  lease.threads = request.threads;
  lease.within = within;
  lease.levels = levels_of(request.levels);
  lease.holdings = request.holdings;
  lease.label = request.label;
  const LeaseName name{
      user_, lease.id,
      kind == LeaseKind::held ? LeaseName::Kind::lease : LeaseName::Kind::wait};
  const Result<void> written =
      write_lease_file(*folder_, name, format_lease(lease));
  if (!written) {
    note("later launches do not see this one: " + written.error().message);
    return false;
  }
  if (kind == LeaseKind::waiting) queued_ = lease.taken;
  own_ = name;
  return true;
}

std::string Ledger::take(const FolderLock&, const LeaseRequest& request,
                         const LedgerReading& seen) {
  if (!folder_) return "";
  const std::optional<LeaseName> place = own_;
  if (place && place->kind == LeaseName::Kind::lease) return place->id;
  const bool written = write(LeaseKind::held, request, innermost(seen.viewer));
  if (place) remove_lease_file(*folder_, *place);
  if (!written) own_.reset();
  queued_ = 0;
  return own_ ? own_->id : "";
}

void Ledger::queue(const FolderLock&, const LeaseRequest& request,
                   const LedgerReading& seen) {
  if (!folder_) return;
  if (!watch_) watch_ = watch_folder(*folder_);
  forget_events(watch_);
  if (!own_) write(LeaseKind::waiting, request, innermost(seen.viewer));
}

Wake Ledger::wait_for_change(
    const LedgerReading& seen, const std::vector<Holding>& wanted,
    std::chrono::steady_clock::time_point deadline) const {
  return sleep_until(what_to_watch(seen.live, viewer(seen.live), wanted),
                     watch_, deadline);
}

void Ledger::leave() {
  if (own_) remove_lease_file(*folder_, *own_);
  own_.reset();
  queued_ = 0;
}

}  // namespace fitrun
