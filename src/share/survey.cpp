#include "share/survey.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "share/process.h"

namespace fitrun {
namespace {

// A file without a lease in it may be one that is being written, for this long.
constexpr std::chrono::seconds kBeingWritten{2};
// Within this time pid numbers do not come round, so what a holder leaves
// behind has a higher number than the holder. By default there are 32768 at
// least, and 130,000 new processes a second are out of reach.
constexpr std::chrono::milliseconds kNoWrap{250};
constexpr std::size_t kPerThread = 128;  // leases or processes
constexpr std::size_t kMostThreads = 4;
constexpr std::size_t kMany = 64;             // leases
constexpr std::size_t kMostProcesses = 4096;  // of one tree
constexpr std::size_t kMostOfOthers = 8192;   // of all other users' trees

struct SurveyedFile {
  LeaseName name;
  enum class Text { none, broken, lease } text = Text::none;
  LiveLease live;
  bool ours = false;            // of the user who asks
  bool seen_from_here = false;  // same boot, same pid namespace
  bool unmarked = false;        // its marks still have to be looked for
};

// What all lookers share.
struct SurveyContext {
  const Host& host;
  const LeaseFolder& folder;
  const Viewpoint& view;
  uid_t user;
  std::optional<ProcessTable> table{};
  std::atomic<std::size_t> of_others{0};  // processes looked at
};

Existence existence_of(pid_t pid) {
  return ::kill(pid, 0) == 0 || errno == EPERM ? Existence::some
                                               : Existence::none;
}

// Calls f(0) ... f(n - 1); in several threads where there is so much to do that
// they pay.
template <typename F>
void for_each_index(std::size_t n, const F& f) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < n; i = next++) f(i);
  };
  std::vector<std::thread> threads;
  std::size_t wanted = std::min(kMostThreads, n / kPerThread);
  if (wanted > 1)  // a look into /sys
    wanted = std::min<std::size_t>(wanted, std::thread::hardware_concurrency());
  try {
    while (threads.size() + 1 < wanted) threads.emplace_back(work);
  } catch (const std::system_error&) {  // there are no more: fewer do it
  }
  work();
  for (std::thread& thread : threads) thread.join();
}

void measure_tree(SurveyContext& context, SurveyedFile& found,
                  std::vector<ProcessStat> roots) {
  std::size_t most = kMostProcesses;
  if (!found.ours) {
    const std::size_t before = context.of_others;
    if (before >= kMostOfOthers) return;
    most = std::min(most, kMostOfOthers - before);
  }
  LeaseTree tree = read_process_tree(context.host, std::move(roots), most,
                                     context.table ? &*context.table : nullptr);
  if (!found.ours) context.of_others += tree.pids.size();
  found.live.used = tree.used;
  found.live.pids = std::move(tree.pids);
}

bool is_being_written(const LeaseFile& file) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return now - file.modified < kBeingWritten;
}

void read_text(const SurveyContext& context, SurveyedFile& found) {
  found.ours = found.name.owner == context.user;
  const Result<LeaseFile> file = read_lease_file(context.folder, found.name);
  if (!file) return;
  Result<Lease> lease = parse_lease(file->text);
  const bool waits = found.name.kind == LeaseName::Kind::wait;
  if (lease && lease->id == found.name.id &&
      (lease->kind == LeaseKind::waiting) == waits) {
    found.text = SurveyedFile::Text::lease;
    found.live.lease = std::move(*lease);
    found.live.owner = found.name.owner;
  } else if ((lease || lease.error().code != ENOTSUP) &&
             !is_being_written(*file)) {
    found.text = SurveyedFile::Text::broken;
  }
}

// The holder, from the table if it was seen there since it took the lease.
std::optional<ProcessStat> find_holder(const SurveyContext& context,
                                       const Lease& lease) {
  const ProcessStat* const known =
      context.table && lease.taken < context.view.now
          ? context.table->find(lease.holder.pid)
          : nullptr;
  return known ? *known : read_process_stat(context.host, lease.holder.pid);
}

void look_at(SurveyContext& context, SurveyedFile& found) {
  if (found.text != SurveyedFile::Text::lease) return;
  const Lease& lease = found.live.lease;
  const ProcessIdentity& self = context.view.self;
  found.seen_from_here = lease.holder.boot == self.boot &&
                         lease.holder.pid_namespace == self.pid_namespace;
  HolderState holder = HolderState::gone;
  std::optional<ProcessStat> stat;
  if (found.seen_from_here) {
    stat = find_holder(context, lease);
    holder = holder_state(
        lease, stat, stat ? Existence::some : existence_of(lease.holder.pid));
  }
  found.live.state = lease_state(lease, context.view, holder, std::nullopt);
  // Only root can look into other users' processes.
  found.unmarked = (found.ours || context.user == 0) &&
                   needs_marks(lease, context.view, holder);
  if (holder != HolderState::running && holder != HolderState::stopped) return;
  if (lease.kind == LeaseKind::held)
    measure_tree(context, found, {*stat});
  else
    found.live.pids = {stat->pid};
}

// Looks at all that were found. Where there are many leases and hardly more
// processes than those, each process is read once, as a holder or perhaps the
// child of one; else each holder is asked for its children. In one round: on a
// busy machine threads wait longer for one another than they work.
void look_at_all(SurveyContext& context, std::vector<SurveyedFile>& all) {
  std::vector<pid_t> pids;
  if (all.size() >= kMany)
    pids = list_processes(context.host, all.size() + all.size() / 2);
  std::vector<std::optional<ProcessStat>> stats(pids.size());
  for_each_index(pids.size() + all.size(), [&](std::size_t i) {
    if (i < pids.size()) {
      std::optional<ProcessStat>& stat = stats[i];
      stat = read_process_stat(context.host, pids[i]);
      if (stat) stat->anonymous = read_anonymous(context.host, *stat);
      return;
    }
    SurveyedFile& found = all[i - pids.size()];
    read_text(context, found);
    if (pids.empty()) look_at(context, found);
  });
  if (pids.empty()) return;
  std::vector<ProcessStat> seen;
  seen.reserve(stats.size());
  for (const std::optional<ProcessStat>& stat : stats)
    if (stat) seen.push_back(*stat);
  context.table.emplace(std::move(seen));
  for (SurveyedFile& found : all) look_at(context, found);
}

// Where the processes must be that these leases have left behind.
PidRange range_of_marked(const SurveyContext& context,
                         const std::vector<SurveyedFile>& all) {
  const SurveyedFile* oldest = nullptr;
  for (const SurveyedFile& found : all) {
    if (!found.unmarked) continue;
    const bool recent =
        context.view.now <
        found.live.lease.taken + static_cast<std::uint64_t>(
                                     std::chrono::nanoseconds(kNoWrap).count());
    if (!found.seen_from_here || !recent) return {};
    if (!oldest || found.live.lease.taken < oldest->live.lease.taken)
      oldest = &found;
  }
  const Result<std::string> text = context.host.read("/proc/loadavg");
  const auto last = text ? parse_last_pid(*text) : std::nullopt;
  if (!oldest || !last) return {};
  return {oldest->live.lease.holder.pid, *last};
}

void look_for_marks(SurveyContext& context, std::vector<SurveyedFile>& all) {
  std::vector<std::string> ids;
  for (const SurveyedFile& found : all)
    if (found.unmarked) ids.push_back(found.live.lease.id);
  if (ids.empty()) return;
  const std::vector<MarkedProcess> marked = find_marked(
      context.host, kLeaseVariable, ids, range_of_marked(context, all));
  for (SurveyedFile& found : all) {
    if (!found.unmarked) continue;
    std::vector<ProcessStat> roots;
    for (const MarkedProcess& process : marked) {
      if (process.mark != found.live.lease.id) continue;
      const auto stat = read_process_stat(context.host, process.pid);
      if (stat && !has_ended(*stat)) roots.push_back(*stat);
    }
    found.live.state = lease_state(found.live.lease, context.view,
                                   HolderState::gone, roots.size());
    if (!roots.empty()) measure_tree(context, found, std::move(roots));
  }
}

// Whether the file can go: it is certain that nobody counts on it any more, and
// a sticky folder would let us.
bool is_stale(const SurveyedFile& found, const Viewpoint& view, uid_t user) {
  if (found.text == SurveyedFile::Text::broken) return found.ours;
  if (found.text != SurveyedFile::Text::lease || (!found.ours && user != 0))
    return false;
  const Lease& lease = found.live.lease;
  if (found.live.state != LeaseState::ended) return false;
  if (found.seen_from_here || lease.holder.boot != view.self.boot) return true;
  // Of another pid namespace. Those in it may still see the holder, if it has
  // lost its mark; they had their time.
  return view.self.pid_namespace == kInitialPidNamespace &&
         view.now >
             lease.taken + static_cast<std::uint64_t>(
                               std::chrono::nanoseconds(kRampUp).count());
}

}  // namespace

Survey survey_leases(const Host& host, const LeaseFolder& folder,
                     const Viewpoint& view, uid_t user) {
  std::vector<LeaseName> names = list_leases(folder, user);
  std::vector<SurveyedFile> all(names.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    all[i].name = std::move(names[i]);
  SurveyContext context{host, folder, view, user};
  look_at_all(context, all);
  look_for_marks(context, all);

  Survey survey;
  survey.live.reserve(all.size());
  for (SurveyedFile& found : all) {
    if (is_stale(found, view, user))
      survey.stale.push_back(std::move(found.name));
    else if (found.text == SurveyedFile::Text::lease &&
             found.live.state != LeaseState::ended)
      survey.live.push_back(std::move(found.live));
  }
  return survey;
}

}  // namespace fitrun
