#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "catch.h"
#include "hold/holder.h"
#include "hold/lock_waits.h"
#include "hold/pipe_waits.h"
#include "machine_dir.h"
#include "scratch.h"

using namespace fitrun;

namespace {

constexpr std::uint64_t kMib = 1U << 20;
using Clock = Holder::Clock;

// A process that does nothing until it is ended, but for what it begins with.
class Sleeper {
 public:
  explicit Sleeper(const std::function<void()>& begin = [] {}) {
    // The test runner catches SIGTERM. It may be stopped before it has run.
    struct sigaction plain {};
    struct sigaction caught {};
    plain.sa_handler = SIG_DFL;
    ::sigaction(SIGTERM, &plain, &caught);
    pid_ = ::fork();
    if (pid_ != 0) ::sigaction(SIGTERM, &caught, nullptr);
    if (pid_ == 0) {
      begin();
      while (true) ::pause();
    }
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) == pid_ && !WIFEXITED(status) &&
           !WIFSIGNALED(status)) {
    }
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  pid_t pid() const { return pid_; }
  ProcessStat stat() const { return *read_process_stat(Host(), pid_); }
  // Waits until it has stopped, gone on or ended.
  int event() const {
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED | WCONTINUED);
    return status;
  }

 private:
  pid_t pid_;
};

Fd list_file(const Scratch& scratch) {
  return Fd(
      ::open((scratch / "held").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

// This process as the client, the sleepers as its jobs. On a machine without
// control groups, where a job is stopped by a signal.
struct Scene {
  Scratch scratch;
  MachineDir machine;
  std::vector<const Sleeper*> jobs;
  std::uint64_t ticks = 0;  // of each

  Holder make_holder(HoldRules rules, KnownPeaks known = {}) {
    if (::symlink("/proc", (machine.root() + "/proc").c_str()) != 0)
      throw std::runtime_error("no link to /proc");
    return {Host(machine.root()), ::getpid(),
            StopList::make(list_file(scratch), "boot").value(),
            std::move(known), std::move(rules)};
  }

  void look(Holder& holder, std::uint64_t cap_mib, Clock::time_point now,
            std::uint64_t job_mib = 1, bool with_words = true) const {
    std::vector<SeenProcess> tree;
    JobView view;
    for (const Sleeper* const job : jobs) {
      const ProcessStat stat = job->stat();
      view.jobs.push_back({tree.size(), {tree.size()}, job_mib * kMib});
      std::vector<std::string> words;
      if (with_words) words = {"cc", std::to_string(tree.size())};
      tree.push_back({stat.id(), ::getpid(), std::move(words), job_mib * kMib,
                      stat.state, ticks});
    }
    holder.look(tree, view, cap_mib * kMib, false, now);
  }
};

HoldRules bound_of(std::uint64_t mib) {
  HoldRules rules;
  rules.bound = mib * kMib;
  return rules;
}

// Two jobs of which the bound lets one run.
struct OneFits : Scene {
  Sleeper first;
  Sleeper second;
  Holder holder = make_holder(bound_of(60));
  Clock::time_point now = Clock::now();

  OneFits() {
    jobs = {&first, &second};
    look(holder, 100, now);
    REQUIRE(WIFSTOPPED(second.event()));
  }
};

}  // namespace

TEST_CASE_METHOD(OneFits, "a job that does not fit is stopped until it does",
                 "[hold]") {
  CHECK(first.stat().state != 'T');
  CHECK(holder.held() == 1);
  CHECK(holder.foreseen() == 61 * kMib);  // 60 to come, 1 that is held
  look(holder, 200, now + std::chrono::milliseconds(300));
  CHECK(WIFCONTINUED(second.event()));
  CHECK(holder.held() == 0);
  CHECK(holder.summary().jobs == 1);
  CHECK(holder.summary().at_once == 1);
  CHECK(holder.summary().time == std::chrono::milliseconds(300));
}

TEST_CASE_METHOD(Scene, "a look that comes late expects more of a job",
                 "[hold]") {
  const Sleeper job;
  jobs = {&job};
  KnownPeaks known;
  known.learn("cc 0", "cc", 60 * kMib);
  Holder holder = make_holder({}, std::move(known));
  const auto now = Clock::now();
  look(holder, 100, now);
  CHECK(holder.foreseen() == 63 * kMib);
  look(holder, 100, now + std::chrono::milliseconds(151));
  CHECK(holder.foreseen() == 66 * kMib);
}

TEST_CASE_METHOD(OneFits, "a held job goes on when it is to end", "[hold]") {
  ::kill(second.pid(), SIGTERM);
  look(holder, 100, Clock::now());
  int status = second.event();
  if (WIFCONTINUED(status)) status = second.event();
  CHECK(WIFSIGNALED(status));
}

TEST_CASE_METHOD(OneFits, "what somebody else continues is held again",
                 "[hold]") {
  ::kill(second.pid(), SIGCONT);
  REQUIRE(WIFCONTINUED(second.event()));
  look(holder, 100, Clock::now());
  CHECK(WIFSTOPPED(second.event()));
}

TEST_CASE_METHOD(Scene, "a job that ends has lost its words, not its name",
                 "[hold]") {
  const Sleeper job;
  jobs = {&job};
  Holder holder = make_holder(bound_of(60));
  auto now = Clock::now();
  SECTION("as it was called before") {
    look(holder, 100, now, 20);
    now += std::chrono::milliseconds(50);
    look(holder, 100, now, 30, false);
    holder.end(false, now);
    REQUIRE(holder.known().jobs().size() == 1);
    CHECK(holder.known().estimate("cc 0", "cc link", 0, {}).expected ==
          315 * kMib / 10);  // 30 and a twentieth
  }
  SECTION("one that never had any teaches nothing") {
    look(holder, 100, now, 20, false);
    holder.end(false, now + std::chrono::milliseconds(50));
    CHECK(holder.known().jobs().empty());
  }
}

TEST_CASE("at its end a holder continues all", "[hold]") {
  Scene scene;
  const Sleeper first;
  const Sleeper second;
  scene.jobs = {&first, &second};
  {
    Holder holder = scene.make_holder(bound_of(60));
    scene.look(holder, 100, Clock::now());
    REQUIRE(WIFSTOPPED(second.event()));
  }
  CHECK(WIFCONTINUED(second.event()));
}

TEST_CASE("another session is never stopped", "[hold]") {
  Scene scene;
  const Sleeper first;
  const Sleeper second([] { ::setsid(); });
  while (second.stat().session != second.pid()) {
  }
  scene.jobs = {&first, &second};
  Holder holder = scene.make_holder(bound_of(60));
  scene.look(holder, 100, Clock::now());
  CHECK(holder.held() == 0);
  CHECK(second.stat().state != 'T');
}

TEST_CASE("a worker that has begun is not held", "[hold]") {
  Scene scene;
  const Sleeper first;
  const Sleeper second;
  scene.jobs = {&first, &second};
  HoldRules rules = bound_of(10);
  rules.at_birth_only = true;
  Holder holder = scene.make_holder(rules);
  scene.look(holder, 100, Clock::now());
  scene.look(holder, 100, Clock::now(), 80);  // both have outgrown it
  CHECK(holder.held() == 0);
}

TEST_CASE_METHOD(Scene, "a held job that catches its signal is let end",
                 "[hold]") {
  const Sleeper first;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Sleeper second([&ends] {
    ::signal(SIGTERM, [](int) {});
    while (::write(ends[1], "+", 1) != 1) {
    }
  });
  char ready = 0;
  REQUIRE(::read(ends[0], &ready, 1) == 1);
  ::close(ends[0]);
  ::close(ends[1]);
  jobs = {&first, &second};
  Holder holder = make_holder(bound_of(60));
  look(holder, 100, Clock::now());
  REQUIRE(WIFSTOPPED(second.event()));
  ::kill(second.pid(), SIGTERM);
  look(holder, 100, Clock::now());
  CHECK(WIFCONTINUED(second.event()));
  look(holder, 100, Clock::now());
  CHECK(holder.held() == 0);
}

TEST_CASE_METHOD(OneFits, "after a minute without progress the oldest goes on",
                 "[hold]") {
  look(holder, 100, now + std::chrono::seconds(59));
  CHECK(holder.held() == 1);
  look(holder, 100, now + std::chrono::seconds(61));
  CHECK(WIFCONTINUED(second.event()));
  look(holder, 100, now + std::chrono::seconds(62));
  CHECK(holder.held() == 0);  // and stays free
}

TEST_CASE_METHOD(OneFits, "who only polls makes no progress", "[hold]") {
  const bool works = GENERATE(true, false);
  for (int i = 1; i <= 61; ++i) {
    ticks += static_cast<std::uint64_t>(works ? 5 : i % 2);
    look(holder, 100, now + std::chrono::seconds(i));
  }
  CHECK(holder.held() == (works ? 1 : 0));
}

TEST_CASE_METHOD(Scene, "workers that wait for a held one wait five seconds",
                 "[hold]") {
  const Sleeper first;
  const Sleeper second;
  jobs = {&first, &second};
  HoldRules rules = bound_of(60);
  rules.at_birth_only = true;
  Holder holder = make_holder(rules);
  const auto now = Clock::now();
  look(holder, 100, now);
  REQUIRE(WIFSTOPPED(second.event()));
  look(holder, 100, now + std::chrono::milliseconds(4900));
  CHECK(holder.held() == 1);
  look(holder, 100, now + std::chrono::milliseconds(5100));
  CHECK(WIFCONTINUED(second.event()));
}

TEST_CASE_METHOD(Scene, "who waits for a held job's lock waits five seconds",
                 "[hold]") {
  const std::string path = scratch / "lock";
  const auto lock = [&path] {
    ::flock(::open(path.c_str(), O_RDWR | O_CREAT, 0600), LOCK_EX);
  };
  const auto until_listed = [](const std::string& words) {
    while (Host().read("/proc/locks")->find(words) == std::string::npos) {
    }
  };
  const Sleeper owner(lock);
  until_listed(" FLOCK  ADVISORY  WRITE " + std::to_string(owner.pid()) + " ");
  const Sleeper waiter(lock);
  until_listed("-> FLOCK  ADVISORY  WRITE " + std::to_string(waiter.pid()));
  jobs = {&waiter, &owner};
  Holder holder = make_holder(bound_of(60));
  const auto now = Clock::now();
  look(holder, 100, now);
  REQUIRE(WIFSTOPPED(owner.event()));
  look(holder, 100, now + std::chrono::milliseconds(4900));
  CHECK(holder.held() == 1);
  look(holder, 100, now + std::chrono::milliseconds(6000));
  REQUIRE(holder.held() == 0);
  CHECK(WIFCONTINUED(owner.event()));
  look(holder, 100, now + std::chrono::milliseconds(7000));
  CHECK(holder.held() == 0);  // until it ends
}

TEST_CASE_METHOD(Scene, "who waits at a held job's pipe waits five seconds",
                 "[hold]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Sleeper owner([&ends] { ::close(ends[0]); });
  const Sleeper waiter([&ends] {
    char byte = 0;
    ::close(ends[1]);
    [[maybe_unused]] const ssize_t n = ::read(ends[0], &byte, 1);
  });
  struct stat pipe {};
  REQUIRE(::fstat(ends[0], &pipe) == 0);
  ::close(ends[0]);
  ::close(ends[1]);
  const auto has_one_end = [&pipe](const Sleeper& sleeper) {
    const auto all = read_pipe_ends(Host(), sleeper.pid());
    return std::count_if(all.begin(), all.end(), [&pipe](const PipeEnd& end) {
             return end.device == pipe.st_dev && end.inode == pipe.st_ino;
           }) == 1;
  };
  const auto waits = [&waiter] {
    const auto wchan = Host().read(proc_path(waiter.pid(), "wchan"));
    return wchan && parse_pipe_wait(*wchan) == PipeWait::to_read;
  };
  const auto late = Clock::now() + std::chrono::seconds(10);
  while (!has_one_end(owner) || !waits()) {
    if (Clock::now() < late) continue;
    WARN("the kernel does not say where a process sleeps");
    return;
  }
  jobs = {&waiter, &owner};
  Holder holder = make_holder(bound_of(60));
  const auto now = Clock::now();
  look(holder, 100, now);
  REQUIRE(WIFSTOPPED(owner.event()));
  look(holder, 100, now + std::chrono::milliseconds(1000));
  look(holder, 100, now + std::chrono::milliseconds(5900));
  CHECK(holder.held() == 1);
  look(holder, 100, now + std::chrono::milliseconds(7000));
  REQUIRE(holder.held() == 0);
  CHECK(WIFCONTINUED(owner.event()));
}

TEST_CASE_METHOD(OneFits, "who has got the pid of a held job is another",
                 "[hold]") {
  const auto listed = [this] {
    return StopList::look_into(list_file(scratch), "boot").value().all();
  };
  REQUIRE(listed() == std::vector<ProcessId>{second.stat().id()});
  SeenProcess other;
  other.id = second.stat().id();
  ++other.id.start;
  other.argv = {"cc", "2"};
  JobView view;
  view.jobs.push_back({0, {0}, kMib});
  holder.look({other}, view, 0, false, now);
  CHECK(holder.held() == 0);
  CHECK(listed().empty());
}

TEST_CASE("a list that was left behind says who is stopped", "[hold]") {
  const Scratch scratch;
  const Sleeper stopped;
  const Sleeper stranger;
  {
    StopList list = StopList::make(list_file(scratch), "boot").value();
    CHECK(list.add(stopped.stat().id()));
    ProcessId other = stranger.stat().id();
    ++other.start;  // somebody else had that number
    CHECK(list.add(other));
    ::kill(stopped.pid(), SIGSTOP);
    ::kill(stranger.pid(), SIGSTOP);
    REQUIRE(WIFSTOPPED(stopped.event()));
    REQUIRE(WIFSTOPPED(stranger.event()));
    // Not while somebody looks after it.
    CHECK_FALSE(StopList::take_over(list_file(scratch), "boot"));
  }
  CHECK_FALSE(StopList::take_over(list_file(scratch), "another boot"));
  const StopList list = StopList::take_over(list_file(scratch), "boot").value();
  CHECK(list.all().size() == 2);
  CHECK(continue_all(Host(), list) == 1);
  CHECK(WIFCONTINUED(stopped.event()));
  CHECK(stranger.stat().state == 'T');
}

TEST_CASE("a list has room for so many, and reuses it", "[hold]") {
  const Scratch scratch;
  StopList list = StopList::make(list_file(scratch), "boot").value();
  for (std::size_t i = 1; i <= kMostStopped; ++i)
    REQUIRE(list.add({static_cast<pid_t>(i), i}));
  CHECK_FALSE(list.add({1, 1}));
  list.remove({7, 7});
  CHECK(list.add({1, 2}));
}

TEST_CASE("who waits for whose lock", "[hold]") {
  CHECK(parse_lock_waits("1: FLOCK  ADVISORY  WRITE 11 fe:00:1 0 EOF\n"
                         "1: -> FLOCK  ADVISORY  WRITE 12 fe:00:1 0 EOF\n"
                         "1: -> FLOCK  ADVISORY  WRITE 13 fe:00:1 0 EOF\n"
                         "2: POSIX  ADVISORY  READ 14 fe:00:2 0 EOF\n"
                         "rubbish\n"
                         "3: -> FLOCK  ADVISORY  WRITE 15 fe:00:1 0 EOF\n") ==
        std::vector<LockWait>{{12, 11}, {13, 11}});
}

TEST_CASE("who waits for whom at a pipe", "[hold]") {
  const PipeEnd reads{1, 7, true, false};
  const PipeEnd writes{1, 7, false, true};
  const PipeUser reader{11, false, PipeWait::to_read, {reads}};
  const PipeUser writer{12, true, PipeWait::none, {writes}};
  CHECK(pipe_waits({reader, writer}) == std::vector<LockWait>{{11, 12}});
  // Somebody else may write, or it is another pipe, or nobody waits.
  const PipeUser client{13, false, PipeWait::none, {reads, writes}};
  CHECK(pipe_waits({reader, writer, client}).empty());
  CHECK(pipe_waits({reader, {12, true, PipeWait::none, {{1, 8, false, true}}}})
            .empty());
  CHECK(pipe_waits({{11, false, PipeWait::none, {reads}}, writer}).empty());
  CHECK(pipe_waits({reader, {12, true, PipeWait::none, {reads}}}).empty());
  // The other way round.
  CHECK(pipe_waits({{11, false, PipeWait::to_write, {writes}},
                    {12, true, PipeWait::none, {reads}}}) ==
        std::vector<LockWait>{{11, 12}});
}

TEST_CASE("where a process sleeps", "[os]") {
  CHECK(parse_pipe_wait("pipe_read") == PipeWait::to_read);
  CHECK(parse_pipe_wait("anon_pipe_read") == PipeWait::to_read);
  CHECK(parse_pipe_wait("pipe_write") == PipeWait::to_write);
  CHECK(parse_pipe_wait("0") == PipeWait::none);
  CHECK(parse_pipe_wait("") == PipeWait::none);
}

TEST_CASE("pending signals are those of the thread and of the process",
          "[os]") {
  CHECK(parse_pending_signals("SigPnd:\t0000000000000002\n"
                              "ShdPnd:\t0000000000004000\n"
                              "SigBlk:\tffffffffffffffff\n") ==
        (1U << (SIGINT - 1) | 1U << (SIGTERM - 1)));
  CHECK(parse_pending_signals("") == 0);
}
