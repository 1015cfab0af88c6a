#include "share/survey.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/saturate.h"
#include "share/process.h"
#include "share/users.h"

namespace fitrun {
namespace {

// A file without a lease in it may be one that is being written, for this long.
constexpr std::chrono::seconds kBeingWritten{2};
// Within this time pid numbers do not come round, so what a holder leaves
// behind has a higher number than the holder. By default there are 32768 at
// least, and 130,000 new processes a second are out of reach.
constexpr std::chrono::milliseconds kNoWrap{250};
// How long a process that cannot be read may keep a launch waiting.
constexpr std::chrono::milliseconds kUntilSure{50};
// A lease that is older, in seconds, is no older for that.
constexpr std::uint64_t kMostAge = 1'000'000'000;
constexpr std::size_t kPerThread = 128;  // leases or processes
constexpr std::size_t kMostThreads = 4;
constexpr std::size_t kMany = 64;             // leases
constexpr std::size_t kMostProcesses = 4096;  // of one tree
// Names that are looked at in our own folder: about half a second.
constexpr std::size_t kMostNames = 1U << 20;

// What is looked at of other users: so much of any one, and of all together no
// more than takes a quarter of a second, to each the same.
struct Bound {
  std::size_t of_one = 0;
  std::size_t of_all = 0;
  std::size_t for_each(std::size_t users) const {
    return std::min(of_one, of_all / std::max<std::size_t>(1, users));
  }
};
constexpr Bound kLeasesOfOthers{256, 8192};
constexpr Bound kProcessesOfOthers{1024, 16'384};

// The folder of one user.
struct SurveyedFolder {
  const LeaseFolder* folder = nullptr;
  bool ours = false;  // of the user who asks
  std::size_t most_processes = 0;
  std::atomic<std::size_t> processes{0};  // looked at, where it is not ours
};

struct SurveyedFile {
  SurveyedFolder* in = nullptr;
  LeaseName name;
  enum class Text { none, broken, lease } text = Text::none;
  LiveLease live;
  HolderState holder = HolderState::gone;
  bool seen_from_here = false;  // same boot, same pid namespace
  bool is_theirs = false;       // a process of its owner's stands behind it
  bool unmarked = false;        // its marks still have to be looked for
};

// What all lookers share.
struct SurveyContext {
  const Host& host;
  const Viewpoint& view;
  std::optional<ProcessTable> table{};
  std::once_flag asked_lazily_freed{};
  std::uint64_t lazily_freed = 0;  // of the whole machine, bytes, at most
};

// Less than this is lost in what the kernel keeps on its way between lists, and
// not worth the reading of files.
constexpr std::uint64_t kNoticed = 64U << 20;

// What the processes have given back already. All that the machine has of such
// pages is one line of a file; only where that is much is each process asked.
std::uint64_t lazily_freed(SurveyContext& context,
                           const std::vector<pid_t>& pids) {
  std::call_once(context.asked_lazily_freed, [&context] {
    const Result<std::string> text = context.host.read("/proc/meminfo");
    if (text) context.lazily_freed = parse_lazily_freed(*text).value_or(0);
  });
  if (context.lazily_freed < kNoticed) return 0;
  std::uint64_t sum = 0;
  for (const pid_t pid : pids)
    sum = add(
        sum,
        read_lazily_freed(context.host, pid).value_or(context.lazily_freed));
  return std::min(sum, context.lazily_freed);
}

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
                  const std::vector<ProcessStat>& roots) {
  std::size_t most = kMostProcesses;
  if (!found.in->ours) {
    const std::size_t before = found.in->processes;
    if (before >= found.in->most_processes) return;
    most = found.in->most_processes - before;
  }
  LeaseTree tree = read_process_tree(context.host, roots, most,
                                     context.table ? &*context.table : nullptr);
  found.in->processes += tree.pids.size();
  found.live.used = tree.used;
  if (tree.used >= kNoticed)
    found.live.used = subtract(tree.used, lazily_freed(context, tree.large));
  found.live.pids = std::move(tree.pids);
}

bool is_being_written(const LeaseFile& file) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return now - file.modified < kBeingWritten;
}

LeaseName::Kind name_kind(LeaseKind kind) {
  return kind == LeaseKind::waiting ? LeaseName::Kind::wait
                                    : LeaseName::Kind::lease;
}

// Its moment by our clock, where it was told by that of another time namespace.
std::uint64_t taken_by_our_clock(const Lease& lease, const Viewpoint& view) {
  if (lease.holder.time_namespace == view.self.time_namespace)
    return lease.taken;
  const std::chrono::nanoseconds age = std::chrono::seconds(
      view.wall > lease.since ? std::min(view.wall - lease.since, kMostAge)
                              : 0);
  return view.now - std::min(view.now, static_cast<std::uint64_t>(age.count()));
}

void read_text(const SurveyContext& context, SurveyedFile& found) {
  const Result<LeaseFile> file = read_lease_file(*found.in->folder, found.name);
  if (!file) return;
  Result<Lease> lease = parse_lease(file->text);
  if (lease && lease->id == found.name.id &&
      name_kind(lease->kind) == found.name.kind) {
    found.text = SurveyedFile::Text::lease;
    Lease& read = *lease;
    read.taken = taken_by_our_clock(read, context.view);
    for (Holding& holding : read.holdings)
      if (!found.in->ours && holding.pool == Pool::ram)
        holding.bytes = std::min(holding.bytes, context.view.ram);
    found.live.lease = std::move(read);
    found.live.owner = found.in->folder->owner;
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
  std::optional<ProcessStat> stat;
  if (found.seen_from_here) {
    stat = find_holder(context, lease);
    found.holder =
        holder_state(lease, context.view, stat,
                     stat ? Existence::some : existence_of(lease.holder.pid));
    found.is_theirs =
        found.in->ours ||
        is_process_of(context.host, lease.holder.pid, found.in->folder->owner);
  }
  found.live.state =
      lease_state(lease, context.view, found.holder, std::nullopt);
  // Only root can look into other users' processes.
  found.unmarked = (found.in->ours || context.view.user == 0) &&
                   needs_marks(lease, context.view, found.holder);
  if (!found.is_theirs || (found.holder != HolderState::running &&
                           found.holder != HolderState::stopped))
    return;
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
    const bool same_clock = found.live.lease.holder.time_namespace ==
                            context.view.self.time_namespace;
    if (!found.seen_from_here || !same_clock || !recent) return {};
    if (!oldest || found.live.lease.taken < oldest->live.lease.taken)
      oldest = &found;
  }
  const Result<std::string> text = context.host.read("/proc/loadavg");
  const auto last = text ? parse_last_pid(*text) : std::nullopt;
  if (!oldest || !last) return {};
  return {oldest->live.lease.holder.pid, *last};
}

struct Marked {
  std::vector<MarkedProcess> processes;
  bool all = true;  // nobody was overlooked
};

Marked find_marked(const SurveyContext& context,
                   const std::vector<SurveyedFile>& all,
                   const std::vector<std::string>& ids) {
  using Outcome = MarkSearch::Outcome;
  MarkSearch search(context.host, kLeaseVariable, ids);
  const auto began = std::chrono::steady_clock::now();
  for (;;) {
    const Outcome outcome = search.look(range_of_marked(context, all));
    if (outcome == Outcome::complete ||
        std::chrono::steady_clock::now() - began > kUntilSure)
      return {search.found(), outcome != Outcome::between};
    if (outcome == Outcome::between)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void look_for_marks(SurveyContext& context, std::vector<SurveyedFile>& all) {
  std::vector<std::string> ids;
  for (const SurveyedFile& found : all)
    if (found.unmarked) ids.push_back(found.live.lease.id);
  if (ids.empty()) return;
  const Marked marked = find_marked(context, all, ids);
  for (SurveyedFile& found : all) {
    if (!found.unmarked) continue;
    std::vector<ProcessStat> roots;
    for (const MarkedProcess& process : marked.processes) {
      if (process.mark != found.live.lease.id ||
          (!found.in->ours &&
           !is_process_of(context.host, process.pid, found.in->folder->owner)))
        continue;
      const auto stat = read_process_stat(context.host, process.pid);
      if (stat && !has_ended(*stat)) roots.push_back(*stat);
    }
    // Whoever could not be read may be the one: the next launch will see.
    const std::size_t count = roots.empty() && !marked.all ? 1 : roots.size();
    found.live.state =
        lease_state(found.live.lease, context.view, found.holder, count);
    found.is_theirs = found.is_theirs || !roots.empty();
    if (!roots.empty()) measure_tree(context, found, roots);
  }
}

// Whether the file can go: it is certain that nobody counts on it any more, and
// we may delete it.
bool is_stale(const SurveyedFile& found, const Viewpoint& view) {
  if (found.text == SurveyedFile::Text::broken) return found.in->ours;
  if (found.text != SurveyedFile::Text::lease ||
      (!found.in->ours && view.user != 0))
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

Survey survey_leases(const Host& host,
                     const std::vector<const LeaseFolder*>& folders,
                     const Viewpoint& view) {
  std::deque<SurveyedFolder> owners;  // which stay where they are
  std::vector<SurveyedFile> all;
  Survey survey;
  for (const LeaseFolder* const folder : folders) {
    SurveyedFolder& in = owners.emplace_back();
    in.folder = folder;
    in.ours = folder->owner == view.user;
    in.most_processes = kProcessesOfOthers.for_each(folders.size());
    const std::size_t most = kLeasesOfOthers.for_each(folders.size());
    // Besides leases there is hardly anything in an honest folder.
    std::vector<LeaseName> names =
        list_leases(*folder, in.ours ? kMostNames : 2 * most);
    if (!in.ours) names.resize(std::min(names.size(), most));
    for (LeaseName& name : names) {
      if (name.kind == LeaseName::Kind::held) {
        if (in.ours) survey.held.push_back(std::move(name));
        continue;
      }
      SurveyedFile& file = all.emplace_back();
      file.in = &in;
      file.name = std::move(name);
    }
  }
  SurveyContext context{host, view};
  look_at_all(context, all);
  look_for_marks(context, all);

  survey.live.reserve(all.size());
  for (SurveyedFile& found : all) {
    const bool believed = found.in->ours || found.is_theirs;
    if (is_stale(found, view))
      survey.stale.push_back({found.in->folder, std::move(found.name)});
    else if (found.text == SurveyedFile::Text::lease && believed &&
             found.live.state != LeaseState::ended)
      survey.live.push_back(std::move(found.live));
  }
  return survey;
}

}  // namespace fitrun
