#include "share/ledger.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "share/lease_file.h"
#include "share/lease_state.h"
#include "share/process.h"
#include "share/survey.h"
#include "share/users.h"

namespace fitrun {
namespace {

// Whose folders are looked for. Ranges of user namespaces, of which one person
// may have 65536 ids, come behind everybody else.
constexpr std::size_t kMostUsers = 4096;

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
  return fmt::format("{:016x}", number);
}

std::string innermost(const Viewer& viewer) {
  return viewer.enclosing.empty() ? "" : viewer.enclosing.front();
}

LeaseName name_of(const Lease& lease) {
  return {lease.id, lease.kind == LeaseKind::held ? LeaseName::Kind::lease
                                                  : LeaseName::Kind::wait};
}

std::uint64_t machine_ram() {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{info.totalram} * info.mem_unit;
}

// Only root's names are ever taken by somebody who is root elsewhere.
uid_t outside_id(const Host& host, uid_t user) {
  if (user != 0) return user;
  const Result<std::string> map = host.read("/proc/self/uid_map");
  return map ? outside_uid(*map, user) : user;
}

// Inode number; 0 where the kernel has no such namespace.
std::uint64_t namespace_of_self(const Host& host, const char* kind) {
  struct stat info {};
  const std::string path = fmt::format("/proc/self/ns/{}", kind);
  return ::stat(host.full(path).c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

Ledger::Ledger(const Host& host, const Environment& environment)
    : host_(host), user_(::geteuid()) {
  const std::optional<std::string> setting = environment.get("FITRUN_LEASES");
  if (!host.live() || setting == "off") return;
  mark_ = environment.get(kLeaseVariable).value_or("");
  const uid_t outside = outside_id(host, user_);
  Result<LeaseHome> home = open_lease_home(
      folder_candidates(setting, environment.get("XDG_RUNTIME_DIR"), outside),
      user_, outside);
  if (!home) {
    note("launches beside this one are not seen: " + home.error().message);
  } else if (!find_self()) {
    note("launches beside this one are not seen: /proc does not show us");
  } else {
    home_ = std::move(*home);
    // Ids of other users are not theirs within a user namespace.
    if (outside != user_) home_->shared.reset();
    if (!home_->alone.empty())
      note("launches of other users are not seen: " + home_->alone);
  }
}

std::string Ledger::where() const {
  return home_ ? home_->where : "";
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
  const std::uint64_t pids = namespace_of_self(host_, "pid");
  // A /proc of another pid namespace counts other pids than our system calls.
  if (!stat || stat->pid != ::getpid() || !boot || pids == 0) return false;
  self_ = {stat->pid, stat->start, pids, std::string(trim(*boot)),
           namespace_of_self(host_, "time")};
  return true;
}

FolderLock Ledger::lock() {
  if (!home_) return {};
  std::string missed;
  FolderLock lock = lock_home(*home_, missed);
  if (!missed.empty())
    note("a launch at this moment may not be seen: " + missed);
  return lock;
}

bool Ledger::heeds_others() const {
  if (!home_->shared) return false;
  return !own_ || own_->kind != LeaseKind::waiting ||
         clock_now(CLOCK_BOOTTIME) - own_->taken <
             static_cast<std::uint64_t>(
                 std::chrono::nanoseconds(kHeedOthers).count());
}

LedgerReading Ledger::read(const FolderLock& lock) const {
  if (!home_) return {};
  std::vector<LeaseFolder> others;
  if (heeds_others())
    others = open_folders_of(*home_, other_users(host_, user_, kMostUsers));
  std::vector<const LeaseFolder*> folders = {&home_->own};
  for (const LeaseFolder& other : others) folders.push_back(&other);
  Viewpoint view;
  view.self = self_;
  view.now = clock_now(CLOCK_BOOTTIME);
  view.wall = clock_now(CLOCK_REALTIME) / 1'000'000'000U;
  view.user = user_;
  if (!others.empty()) view.ram = machine_ram();
  Survey survey = survey_leases(host_, folders, view);
  if (lock.held())
    for (const Survey::Stale& stale : survey.stale)
      remove_lease_file(*stale.folder, stale.name);
  LedgerReading seen;
  seen.viewer = viewer(survey.live);
  seen.live = std::move(survey.live);
  seen.held = std::move(survey.held);
  return seen;
}

Viewer Ledger::viewer(const std::vector<LiveLease>& live) const {
  Viewer viewer;
  viewer.user = user_;
  if (own_) {
    viewer.id = own_->id;
    if (own_->kind == LeaseKind::waiting) viewer.queued = own_->taken;
  }
  viewer.enclosing = enclosing_leases(live, mark_, user_);
  if (!viewer.enclosing.empty()) return viewer;
  // The variable is gone (env -i), but the tree still shows it.
  const LiveLease* around = nullptr;
  for (const LiveLease& one : live) {
    if (one.owner != user_ || one.lease.kind != LeaseKind::held ||
        one.lease.id == viewer.id ||
        std::find(one.pids.begin(), one.pids.end(), self_.pid) ==
            one.pids.end())
      continue;
    if (!around || around->lease.taken < one.lease.taken) around = &one;
  }
  if (around)
    viewer.enclosing = enclosing_leases(live, around->lease.id, user_);
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
  const Result<void> written =
      write_lease_file(home_->own, name_of(lease), format_lease(lease));
  if (!written) {
    note("later launches do not see this one: " + written.error().message);
    return false;
  }
  own_ = std::move(lease);
  return true;
}

std::string Ledger::take(const FolderLock&, const LeaseRequest& request,
                         const LedgerReading& seen) {
  if (!home_) return "";
  const std::optional<Lease> before = own_;
  if (before && before->kind == LeaseKind::held) return before->id;
  const bool written = write(LeaseKind::held, request, innermost(seen.viewer));
  if (before) remove_lease_file(home_->own, name_of(*before));
  if (!written) own_.reset();
  return own_ ? own_->id : "";
}

void Ledger::queue(const FolderLock&, const LeaseRequest& request,
                   const LedgerReading& seen) {
  if (!home_) return;
  if (!watch_) watch_ = watch_folder(home_->own);
  forget_events(watch_);
  if (!own_) write(LeaseKind::waiting, request, innermost(seen.viewer));
}

Wake Ledger::wait_for_change(
    const LedgerReading& seen, const std::vector<Holding>& wanted,
    std::chrono::steady_clock::time_point deadline) const {
  return sleep_until(what_to_watch(seen.live, viewer(seen.live), wanted),
                     watch_, deadline);
}

void Ledger::renew(const std::vector<Holding>& holdings) {
  if (!own_ || own_->kind != LeaseKind::held) return;
  if (self_.pid != ::getpid() && !find_self()) return;
  Lease lease = *own_;
  lease.holdings = holdings;
  lease.writer.reset();
  if (self_ != lease.holder) lease.writer = self_;
  const Result<void> renewed =
      renew_lease_file(home_->own, name_of(lease), format_lease(lease));
  if (renewed)
    own_ = std::move(lease);
  else
    note("later launches see what was set aside before: " +
         renewed.error().message);
}

std::vector<int> Ledger::descriptors() const {
  std::vector<int> all;
  if (!home_) return all;
  for (const Fd* const fd : {&home_->own.fd, &home_->lock, &home_->shared})
    if (*fd) all.push_back(fd->get());
  return all;
}

Fd Ledger::make_held() const {
  if (!own_) return {};
  const std::string name = format_lease_name({own_->id, LeaseName::Kind::held});
  return Fd(::openat(home_->own.fd.get(), name.c_str(),
                     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
}

void Ledger::remove_held() const {
  if (own_) remove_held({own_->id, LeaseName::Kind::held});
}

Fd Ledger::open_held(const LeaseName& name) const {
  if (!home_) return {};
  return Fd(::openat(home_->own.fd.get(), format_lease_name(name).c_str(),
                     O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

void Ledger::remove_held(const LeaseName& name) const {
  if (home_) remove_lease_file(home_->own, name);
}

void Ledger::leave() {
  if (own_) remove_lease_file(home_->own, name_of(*own_));
  own_.reset();
}

}  // namespace fitrun
