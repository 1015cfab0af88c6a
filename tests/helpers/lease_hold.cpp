// Launches that take leases, for the tests of share/: each does what fitrun
// does, with the numbers said on the command line instead of probed.
//
//   lease_hold take [--ram BYTES] [--gpu UUID=BYTES] [--level DIR] [--label L]
//              [--renew BYTES] -- COMMAND...
//                                     a lease of so much, then the command;
//                                     --renew: a child changes its RAM before
//   lease_hold fit  --budget BYTES | --cgroup DIR  [--gpu UUID] --fixed BYTES
//              --per BYTES --want N [--policy run-one|fail|wait]
//              [--timeout SECONDS] [--headroom H] [--reserve BYTES]
//              [--die-at POINT] -- COMMAND...
//                                   as many workers as fit; {threads} and
//                                   {bytes} are replaced
//   lease_hold list [--lock]          the live leases as JSON
//   lease_hold lock SECONDS           has the lock for so long
//   lease_hold eat BYTES              has so much memory until stdin ends
//   lease_hold pool N SHARED OWN      forks N children that share SHARED bytes,
//                                     each with OWN bytes more
//   lease_hold measure N              microseconds of N readings of the leases
//
// What happened is a line of JSON on stdout before the command starts.

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "fit/fit.h"
#include "os/file.h"
#include "share/ledger.h"
#include "share/render_leases.h"

using namespace fitrun;

namespace {

struct Options {
  LeaseRequest request;
  std::uint64_t budget = 0, reserve = 0, fixed = 0, per = 1, want = 1;
  double headroom = 1;
  std::string cgroup;
  std::string gpu;
  std::string policy = "run-one";
  std::string die_at;
  double timeout = 1e6;
  bool lock = false;
  std::optional<std::uint64_t> renewed;
  std::vector<std::string> rest;
};

[[noreturn]] void usage(const std::string& what) {
  std::fprintf(stderr, "lease_hold: %s\n", what.c_str());
  std::exit(125);
}

std::uint64_t number(const std::string& text) {
  const auto n = parse_count(text);
  if (!n) usage("not a number: " + text);
  return *n;
}

Options parse(const std::vector<std::string>& args) {
  Options o;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& key = args[i];
    if (key == "--") {
      o.rest.assign(args.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                    args.end());
      return o;
    }
    if (!key.starts_with("--")) {
      o.rest.push_back(key);
      continue;
    }
    if (key == "--lock") {
      o.lock = true;
      continue;
    }
    if (++i == args.size()) usage("no value: " + key);
    const std::string& value = args[i];
    if (key == "--label")
      o.request.label = value;
    else if (key == "--ram")
      o.request.holdings.push_back({Pool::ram, "", number(value)});
    else if (key == "--renew")
      o.renewed = number(value);
    else if (key == "--level")
      o.request.levels.push_back(value);
    else if (key == "--budget")
      o.budget = number(value);
    else if (key == "--cgroup")
      o.cgroup = value;
    else if (key == "--fixed")
      o.fixed = number(value);
    else if (key == "--per")
      o.per = number(value);
    else if (key == "--want")
      o.want = number(value);
    else if (key == "--headroom")
      o.headroom = std::atof(value.c_str());
    else if (key == "--reserve")
      o.reserve = number(value);
    else if (key == "--policy")
      o.policy = value;
    else if (key == "--timeout")
      o.timeout = std::atof(value.c_str());
    else if (key == "--die-at")
      o.die_at = value;
    else if (key == "--gpu") {
      const std::size_t equals = value.find('=');
      o.gpu = value.substr(0, equals);
      if (equals != std::string::npos)
        o.request.holdings.push_back(
            {Pool::vram, o.gpu, number(value.substr(equals + 1))});
    } else {
      usage("unknown: " + key);
    }
  }
  return o;
}

void die_at(const Options& o, const char* point) {
  if (o.die_at == point) ::kill(::getpid(), SIGKILL);
}

[[noreturn]] void become(std::vector<std::string> command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (argv[0]) ::execvp(argv[0], argv.data());
  std::exit(argv[0] ? 127 : 0);
}

std::string replaced(std::string text, const std::string& name,
                     std::uint64_t value) {
  const std::size_t at = text.find(name);
  if (at == std::string::npos) return text;
  return text.replace(at, name.size(), std::to_string(value));
}

// What the machine of the test can still give.
std::uint64_t probe(const Options& o) {
  if (o.cgroup.empty()) return o.budget;
  const auto read = [&](const char* leaf) {
    return number(
        std::string(trim(read_file(o.cgroup + "/" + leaf, 4096).value())));
  };
  const std::uint64_t limit = read("memory.limit_in_bytes");
  const std::uint64_t used = read("memory.usage_in_bytes");
  return limit > used ? limit - used : 0;
}

struct Outcome {
  std::uint64_t threads = 1;
  bool fits = false;
  std::uint64_t bytes = 0;
};

Outcome fit(const Options& o, std::uint64_t available,
            const std::vector<Claim>& claims) {
  LeaseTerms leases;
  for (const Claim& claim : claims) {
    leases.used += static_cast<double>(claim.used);
    leases.claimed += static_cast<double>(claim.bytes);
  }
  const double budget =
      compute_budget(static_cast<double>(available), leases, o.headroom,
                     static_cast<double>(o.reserve));
  const double safe = std::floor((budget - static_cast<double>(o.fixed)) /
                                 static_cast<double>(o.per));
  Outcome outcome;
  outcome.fits = safe >= 1;
  if (outcome.fits)
    outcome.threads = std::min(o.want, static_cast<std::uint64_t>(safe));
  outcome.bytes = o.fixed + outcome.threads * o.per;
  return outcome;
}

void report(const Ledger& ledger, const std::string& id,
            const Outcome& outcome) {
  std::string notes;
  for (const std::string& note : ledger.notes())
    notes += (notes.empty() ? "\"" : ", \"") + note + "\"";
  std::printf(
      "{\"id\": \"%s\", \"threads\": %ju, \"fits\": %s, \"bytes\": %ju, "
      "\"folder\": \"%s\", \"notes\": [%s]}\n",
      id.c_str(), static_cast<std::uintmax_t>(outcome.threads),
      outcome.fits ? "true" : "false",
      static_cast<std::uintmax_t>(outcome.bytes), ledger.where().c_str(),
      notes.c_str());
  std::fflush(stdout);
}

[[noreturn]] void start(const Options& o, const Ledger& ledger,
                        const std::string& id, const Outcome& outcome) {
  report(ledger, id, outcome);
  if (!id.empty()) ::setenv(kLeaseVariable, id.c_str(), 1);
  std::vector<std::string> command = o.rest;
  for (std::string& word : command) {
    word = replaced(word, "{threads}", outcome.threads);
    word = replaced(word, "{bytes}", outcome.bytes);
  }
  become(command);
}

int take(const Options& o) {
  Ledger ledger{Host(), Environment()};
  FolderLock lock = ledger.lock();
  const std::string id = ledger.take(lock, o.request, ledger.read(lock));
  lock.unlock();
  if (o.renewed) {
    const pid_t keeper = ::fork();
    if (keeper == 0) {
      ledger.renew({{Pool::ram, "", *o.renewed}});
      ::_exit(ledger.notes().empty() ? 0 : 1);
    }
    int status = 0;
    if (::waitpid(keeper, &status, 0) != keeper || status != 0) usage("keeper");
  }
  start(o, ledger, id, {});
}

int fit_and_start(Options& o) {
  const auto deadline =
      std::chrono::steady_clock::now() +
      std::chrono::milliseconds(static_cast<std::int64_t>(o.timeout * 1000));
  const Pool pool = o.gpu.empty() ? Pool::ram : Pool::vram;
  if (!o.cgroup.empty()) o.request.levels.push_back(o.cgroup);
  Ledger ledger{Host(), Environment()};
  while (true) {
    FolderLock lock = ledger.lock();
    die_at(o, "locked");
    const LedgerReading seen = ledger.read(lock);
    const std::string level = o.cgroup.empty() ? "" : level_id(o.cgroup);
    const std::uint64_t available = probe(o);
    const Outcome outcome =
        fit(o, available,
            claims_on({{pool, o.gpu, level}}, seen.live, seen.viewer).front());
    o.request.threads = outcome.threads;
    if (o.request.label.empty() || o.request.label == "run-one")
      o.request.label = outcome.fits ? "" : "run-one";
    if (outcome.fits || o.policy == "run-one") {
      o.request.holdings = {{pool, o.gpu, outcome.bytes}};
      const std::string id = ledger.take(lock, o.request, seen);
      die_at(o, "taken");
      lock.unlock();
      die_at(o, "unlocked");
      start(o, ledger, id, outcome);
    }
    if (o.policy == "fail") return 75;
    const double need =
        std::ceil(static_cast<double>(o.fixed + o.per + o.reserve) +
                  (1 - o.headroom) * static_cast<double>(available));
    o.request.holdings = {{pool, o.gpu, static_cast<std::uint64_t>(need)}};
    ledger.queue(lock, o.request, seen);
    die_at(o, "queued");
    lock.unlock();
    if (ledger.wait_for_change(seen, o.request.holdings, deadline) ==
        Wake::timed_out) {
      ledger.leave();
      return 75;
    }
  }
}

int list(const Options& o) {
  const Host host;
  Ledger ledger(host, Environment());
  const FolderLock lock = o.lock ? ledger.lock() : FolderLock();
  std::fputs(
      render_leases_json(ledger.where(), listed(host, ledger.read(lock).live))
          .c_str(),
      stdout);
  for (const std::string& note : ledger.notes())
    std::fprintf(stderr, "%s\n", note.c_str());
  return 0;
}

int hold_lock(const std::string& seconds) {
  Ledger ledger{Host(), Environment()};
  const FolderLock lock = ledger.lock();
  std::puts("locked");
  std::fflush(stdout);
  ::usleep(static_cast<useconds_t>(std::atof(seconds.c_str()) * 1e6));
  return 0;
}

void fill(std::uint64_t bytes) {
  if (bytes == 0) return;
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) usage("no memory");
  std::memset(memory, 1, bytes);
}

void wait_for_end_of_input() {
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) > 0) {
  }
}

int eat(const std::string& bytes) {
  fill(number(bytes));
  std::puts("ate");
  std::fflush(stdout);
  wait_for_end_of_input();
  return 0;
}

int pool(const std::vector<std::string>& args) {
  fill(number(args[1]));
  int ready[2];
  if (::pipe(ready) != 0) usage("pipe");
  std::vector<pid_t> children(number(args[0]));
  for (pid_t& child : children) {
    child = ::fork();
    if (child != 0) continue;
    fill(number(args[2]));
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char c = 0;
  for (std::size_t i = 0; i < children.size(); ++i)
    if (::read(ready[0], &c, 1) != 1) usage("read");
  std::puts("ate");
  std::fflush(stdout);
  wait_for_end_of_input();
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  return 0;
}

int measure(std::uint64_t count) {
  Ledger ledger{Host(), Environment()};
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    const LedgerReading seen = ledger.read();
    const std::vector<Claim> claims =
        claims_on({{Pool::ram, "", ""}}, seen.live, seen.viewer).front();
    const std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - start;
    std::printf("%zu leases %.0f us, %.0f us of CPU, %zu claims\n",
                seen.live.size(), taken.count(),
                static_cast<double>(std::clock() - cpu) * 1e6 / CLOCKS_PER_SEC,
                claims.size());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.empty()) usage("no command");
  const std::string& verb = args.front();
  Options o = parse({args.begin() + 1, args.end()});
  if (verb == "take") return take(o);
  if (verb == "fit") return fit_and_start(o);
  if (verb == "list") return list(o);
  if (verb == "lock" && o.rest.size() == 1) return hold_lock(o.rest[0]);
  if (verb == "eat" && o.rest.size() == 1) return eat(o.rest[0]);
  if (verb == "pool" && o.rest.size() == 3) return pool(o.rest);
  if (verb == "measure" && o.rest.size() == 1)
    return measure(number(o.rest[0]));
  usage("unknown command " + verb);
}
