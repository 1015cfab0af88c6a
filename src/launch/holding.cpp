#include "launch/holding.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "hold/job_key.h"
#include "hold/peaks_text.h"
#include "hold/stopper.h"
#include "launch/decide.h"
#include "launch/jobserver.h"
#include "launch/recording.h"
#include "measure/runs_file.h"
#include "os/user_file.h"

namespace fitrun {
namespace {

// Empty where there is no place for it.
std::string peaks_file(const RunsOf& runs, const StatePlace& place) {
  if (place.folder.empty()) return "";
  const std::string whose = runs.project + '\0' + runs.stage + '\0' + runs.tool;
  return fmt::format("{}/jobs-{:016x}.txt", place.folder, hash_of(whose));
}

std::uint64_t days_since_1970() {
  return static_cast<std::uint64_t>(::time(nullptr)) / 86'400;
}

std::string in_seconds(std::chrono::milliseconds time) {
  const double seconds = static_cast<double>(time.count()) / 1e3;
  return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 1 : 0);
}

std::string held_line(const HeldJob& job) {
  return fmt::format("held {} (needs {}, {} left)", printable(job.key, 100),
                     format_bytes(job.needs), format_bytes(job.left));
}

void tell(const HoldReport& report, const std::string& label,
          const Caller& caller) {
  const std::string tag = log_tag(label);
  if (!report.ended) {
    caller.say(
        LogLevel::warning,
        tag + fmt::format("{} held; {} of {} in use",
                          counted(report.held.size(), "job"),
                          format_bytes(report.used), format_bytes(report.cap)));
    for (const HeldJob& job : report.held)
      caller.say(LogLevel::warning,
                 tag + held_line(job) + ", for " + in_seconds(job.held));
    return;
  }
  const HoldSummary& all = report.summary;
  if (all.jobs == 0) return;
  const std::uint64_t killed = report.kills.value_or(0);
  std::string kills = report.kills ? "; no kills" : "";
  if (killed > 0) kills = fmt::format("; the kernel killed {}", killed);
  caller.say(
      killed == 0 ? LogLevel::info : LogLevel::warning,
      tag + fmt::format("held {} for {} in all, at most {} at once; peak {} "
                        "of {}{}",
                        counted(all.jobs, "job"), in_seconds(all.time),
                        all.at_once, format_bytes(report.peak),
                        format_bytes(report.cap), kills));
}

KnownPeaks known_peaks(const std::string& path, std::uint64_t today,
                       const std::string& label, const Caller& caller) {
  if (path.empty() || ::access(path.c_str(), F_OK) != 0) return {};
  const auto note = [&](const std::string& text) {
    caller.say(LogLevel::info, log_tag(label) + text);
  };
  const auto file = UserFile::open(path);
  if (!file) {
    note("peaks of jobs are not known: " + file.error().message);
    return {};
  }
  ParsedPeaks peaks = parse_peaks(file->text(), today);
  if (peaks.newer)
    note(path + ": of a later version of fitrun, and not read");
  else if (peaks.damaged > 0)
    note(fmt::format("{}: left out {}", path,
                     counted(peaks.damaged, "damaged line")));
  return std::move(peaks.known);
}

// Empty where it cannot be had: then make counts its jobs itself.
std::optional<TokenPipe> token_pipe(const Plan& plan, const Caller& caller) {
  auto pipe = TokenPipe::make(plan.hold.width);
  if (pipe) return std::move(*pipe);
  tell_no_jobserver(plan, pipe.error().message, caller);
  return std::nullopt;
}

}  // namespace

bool is_held_outside(const Host& host, const Caller& caller) {
  const auto text = caller.environment.get(kHolderVariable);
  const auto holder = text ? parse_pid(*text) : std::nullopt;
  if (!holder) return false;
  constexpr int kDeepest = 256;
  pid_t pid = ::getppid();
  for (int depth = 0; pid > 1 && depth < kDeepest; ++depth) {
    if (pid == *holder) return true;
    const auto stat = read_process_stat(host, pid);
    if (!stat) return false;
    pid = stat->parent;
  }
  return pid == *holder;
}

KindCounts kinds_of_jobs(const KnownPeaks& peaks,
                         const std::vector<RunRecord>& records) {
  std::set<std::string_view> unknown;
  for (const RunRecord& record : records)
    for (const KindPeaks& kind : record.jobs.kinds)
      if (!peaks.has_kind(kind.kind)) unknown.insert(kind.kind);
  return {peaks.kinds(), peaks.kinds() + unknown.size()};
}

KindCounts kinds_of_jobs(const Target& target, const Learning& known,
                         const Caller& caller) {
  const std::string file = peaks_file(runs_like(own_record(known, target)),
                                      state_place(caller.environment));
  const KnownPeaks peaks =
      known_peaks(file, days_since_1970(), target.stage.label.value, caller);
  return kinds_of_jobs(peaks, known.alike);
}

std::optional<HoldOrders> hold_orders(const Plan& plan, const Target& target,
                                      const Learning& known, const Host& host,
                                      Ledger& ledger, const Caller& caller) {
  if (!plan.hold.active) return std::nullopt;
  const RunsOf runs = runs_like(own_record(known, target));
  HoldOrders orders;
  orders.rules.bound = plan.hold.bound;
  orders.rules.at_birth_only = plan.hold.at_birth_only;
  orders.rules.project = runs.project;
  if (caller.least == LogLevel::detail) {
    orders.rules.on_held = [&plan, &caller](const HeldJob& job) {
      caller.say(LogLevel::detail, log_tag(plan.label) + held_line(job));
    };
  }
  orders.rules.today = days_since_1970();
  const StatePlace place = state_place(caller.environment);
  const std::string file = peaks_file(runs, place);
  orders.known =
      known_peaks(file, orders.rules.today, target.stage.label.value, caller);
  if (!file.empty() && make_state_folder(place)) orders.peaks_file = file;
  orders.list = ledger.make_held();
  // Without a folder the guard alone knows it.
  if (!orders.list)
    orders.list = Fd(::memfd_create("fitrun-held", MFD_CLOEXEC));
  if (!orders.list) return std::nullopt;
  if (plan.hold.jobserver == Jobserver::pipes)
    orders.tokens = token_pipe(plan, caller);
  orders.boot = ledger.boot();
  orders.descriptors = ledger.descriptors();
  orders.descriptors.push_back(STDERR_FILENO);
  orders.first_cap = plan.hold.cap;
  const double headroom = hold_headroom(target, ram_of(plan).needs);
  orders.cap = [&target, &host, &ledger, &caller, headroom](
                   pid_t command,
                   std::uint64_t tree) -> std::optional<std::uint64_t> {
    const Caller silent{caller.environment, [](LogLevel, const std::string&) {},
                        LogLevel::warning};
    try {
      // Who may try again has put the command into a group beside ours, where
      // one of version 2 was to be had.
      const Plan now = decide(target, host, ledger.read(), silent, {}, command);
      return now.hold.cap + whole_bytes(headroom * static_cast<double>(tree));
    } catch (const Failure&) {
      return std::nullopt;
    }
  };
  orders.renew = [&ledger](std::uint64_t foreseen) {
    ledger.renew({{Pool::ram, "", foreseen}});
  };
  orders.tell = [&plan, &caller](const HoldReport& report) {
    tell(report, plan.label, caller);
  };
  orders.done = [&ledger] { ledger.remove_held(); };
  return orders;
}

HeldByLease held_now(const Ledger& ledger, const LedgerReading& seen,
                     const Host& host) {
  HeldByLease held;
  for (const LeaseName& name : seen.held) {
    Fd file = ledger.open_held(name);
    if (!file) continue;
    const auto list = StopList::look_into(std::move(file), ledger.boot());
    if (!list) continue;
    const std::vector<ProcessId> all = list->all();
    for (const ProcessId& process : all) {
      const auto stat = read_process_stat(host, process.pid);
      if (!stat || stat->id() != process) continue;
      const bool is_first =
          std::none_of(all.begin(), all.end(), [&stat](const ProcessId& other) {
            return other.pid == stat->parent;
          });
      if (is_first) held[name.id].push_back(process.pid);
    }
  }
  return held;
}

void continue_left_behind(const Ledger& ledger, const LedgerReading& seen,
                          const Host& host, const Caller& caller) {
  for (const LeaseName& name : seen.held) {
    Fd file = ledger.open_held(name);
    if (!file) continue;
    const auto list = StopList::take_over(std::move(file), ledger.boot());
    if (!list) continue;  // somebody looks after it
    const std::size_t continued = continue_all(host, *list);
    ledger.remove_held(name);
    if (continued == 0) continue;
    caller.say(
        LogLevel::warning,
        fmt::format("fitrun: {} stopped {} of a launch whose keeper was "
                    "killed: continued",
                    continued, continued == 1 ? "process" : "processes"));
  }
}

}  // namespace fitrun
