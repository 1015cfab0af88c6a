#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "catch.h"
#include "os/fd.h"
#include "os/probe_child.h"

using namespace fitrun;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

ProbeChildSpec spec(std::chrono::milliseconds deadline = 20s) {
  ProbeChildSpec spec;
  spec.subject = "the driver";
  spec.deadline = deadline;
  return spec;
}

[[noreturn]] void hang() {
  while (true) ::pause();
}

void say(int fd, std::size_t bytes) {
  const std::string text(bytes, 'x');
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::write(fd, text.data() + done, bytes - done);
    if (n <= 0) return;
    done += static_cast<std::size_t>(n);
  }
}

// The numbers of this process's open descriptors, without the one that lists.
std::string open_descriptors() {
  std::string numbers;
  DIR* const dir = ::opendir("/proc/self/fd");
  if (!dir) return "no /proc/self/fd";
  const std::string own = std::to_string(::dirfd(dir));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir))
    if (entry->d_name[0] != '.' && own != entry->d_name)
      numbers += std::string(entry->d_name) + " ";
  ::closedir(dir);
  return numbers;
}

struct SigchldState {
  struct sigaction action {};
  sigset_t mask{};
  SigchldState() {
    ::sigaction(SIGCHLD, nullptr, &action);
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  }
  ~SigchldState() {
    ::sigaction(SIGCHLD, &action, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  }
};

bool sigchld_is_pending() {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, SIGCHLD) == 1;
}

void on_sigchld(int) {}

}  // namespace

TEST_CASE("a child's result comes back as text", "[probe_child]") {
  const auto answer =
      run_in_child([] { return std::string("a\nb\n"); }, spec());
  REQUIRE(answer);
  CHECK(*answer == "a\nb\n");
  const auto empty = run_in_child([] { return std::string(); }, spec());
  REQUIRE(empty);
  CHECK(*empty == "");
  // more than a pipe holds
  const auto large =
      run_in_child([] { return std::string(300'000, 'y'); }, spec());
  REQUIRE(large);
  CHECK(*large == std::string(300'000, 'y'));
}

TEST_CASE("a hanging child costs the deadline and a message", "[probe_child]") {
  ProbeChildSpec late = spec(300ms);
  late.timeout_hint = "hung GPU?";
  const auto start = std::chrono::steady_clock::now();
  const auto answer = run_in_child([]() -> std::string { hang(); }, late);
  const auto took = std::chrono::steady_clock::now() - start;
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message ==
        "the driver did not answer in 300 ms (hung GPU?)");
  CHECK(answer.error().code == ETIMEDOUT);
  CHECK(took >= 300ms);
  CHECK(took < 15s);
  // and it is gone: there is no child to wait for
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(
      run_in_child([]() -> std::string { hang(); }, spec(1s)).error().message ==
      "the driver did not answer in 1 s");
}

TEST_CASE("a crashing child costs a message", "[probe_child]") {
  const auto crash = run_in_child(
      []() -> std::string {
        ::raise(SIGSEGV);
        return "no";
      },
      spec());
  REQUIRE_FALSE(crash);
  CHECK(crash.error().message ==
        "the probe died of signal 11 inside the driver");
  CHECK(crash.error().code == 0);
  const auto ended = run_in_child(
      []() -> std::string {
        say(2, 100'000);
        const char text[] = "\nNVRM: cannot \x1b[1mopen\n";
        if (::write(2, text, sizeof text - 1) < 0) ::_exit(2);
        ::_exit(7);
      },
      spec());
  REQUIRE_FALSE(ended);
  // the first 4 KiB of what it wrote are kept
  CHECK_THAT(ended.error().message,
             ContainsSubstring("the probe ended with status 7 inside the "
                               "driver: \"xxx"));
  const auto brief = run_in_child(
      []() -> std::string {
        const char text[] = "first\nNVRM: cannot \x1b[1mopen\n";
        if (::write(2, text, sizeof text - 1) < 0) ::_exit(2);
        ::_exit(7);
      },
      spec());
  CHECK(brief.error().message ==
        "the probe ended with status 7 inside the driver: \"NVRM: cannot "
        "\\x1b[1mopen\"");
}

TEST_CASE("what a child prints goes nowhere", "[probe_child]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd read(ends[0]);
  Fd write(ends[1]);
  const Fd old_stdout(::fcntl(1, F_DUPFD_CLOEXEC, 3));
  REQUIRE(::dup2(write.get(), 1) == 1);
  const Fd old_stdin(::fcntl(0, F_DUPFD_CLOEXEC, 3));
  REQUIRE(::write(write.get(), "x", 1) == 1);
  REQUIRE(::dup2(read.get(), 0) == 0);
  const auto answer = run_in_child(
      [] {
        say(1, 200'000);
        say(2, 200'000);
        char byte = 0;
        return std::string(::read(0, &byte, 1) == 0 ? "end" : "input");
      },
      spec());
  ::dup2(old_stdout.get(), 1);
  ::dup2(old_stdin.get(), 0);
  write.reset();
  char bytes[2];
  CHECK(::read(read.get(), bytes, sizeof bytes) == 1);
  REQUIRE(answer);
  CHECK(*answer == "end");
}

TEST_CASE("a child holds none of the caller's descriptors", "[probe_child]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);  // as a caller's: kept over exec
  const Fd read(ends[0]);
  const Fd write(ends[1]);
  const std::string before = open_descriptors();
  const auto answer = run_in_child(open_descriptors, spec());
  REQUIRE(answer);
  // The standard ones and the pipe that this text came by, which took a number
  // that nobody had.
  const auto numbers = words(*answer);
  REQUIRE(numbers.size() == 4);
  CHECK(answer->starts_with("0 1 2 "));
  CHECK((" " + before).find(" " + std::string(numbers[3]) + " ") ==
        std::string::npos);
  CHECK(open_descriptors() == before);
}

TEST_CASE("a caller without standard descriptors gets its answer",
          "[probe_child]") {
  const Fd old_stdin(::fcntl(0, F_DUPFD_CLOEXEC, 10));
  const Fd old_stdout(::fcntl(1, F_DUPFD_CLOEXEC, 10));
  ::close(0);
  ::close(1);
  const auto answer = run_in_child(
      [] {
        say(1, 10);
        return std::string("fine");
      },
      spec());
  const int first_free = ::fcntl(old_stdin.get(), F_DUPFD_CLOEXEC, 0);
  ::dup2(old_stdin.get(), 0);
  ::dup2(old_stdout.get(), 1);
  CHECK(first_free == 0);
  REQUIRE(answer);
  CHECK(*answer == "fine");
}

TEST_CASE("a process that the driver leaves behind does not hold us up",
          "[probe_child]") {
  const auto start = std::chrono::steady_clock::now();
  const auto answer = run_in_child(
      [] {
        const pid_t pid = ::fork();
        if (pid == 0) hang();
        return std::to_string(pid);
      },
      spec());
  CHECK(std::chrono::steady_clock::now() - start < 10s);
  REQUIRE(answer);
  const auto pid = parse_count(*answer);
  REQUIRE(pid);
  CHECK(::kill(static_cast<pid_t>(*pid), SIGKILL) == 0);
}

TEST_CASE("a process left behind by a crash does not hold us up",
          "[probe_child]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd read(ends[0]);
  const Fd write(ends[1]);
  // Its pid comes by file, for this child gives no answer.
  char path[] = "/tmp/fitrun-left.XXXXXX";
  const Fd file(::mkostemp(path, O_CLOEXEC));
  REQUIRE(file);
  const std::string name = path;
  const auto start = std::chrono::steady_clock::now();
  const auto answer = run_in_child(
      [&]() -> std::string {
        const pid_t pid = ::fork();
        if (pid == 0) hang();
        const Fd out(::open(name.c_str(), O_WRONLY | O_CLOEXEC));
        const std::string text = std::to_string(pid);
        if (::write(out.get(), text.data(), text.size()) < 0) ::_exit(2);
        ::_exit(5);
      },
      spec());
  CHECK(std::chrono::steady_clock::now() - start < 10s);
  CHECK(answer.error().message ==
        "the probe ended with status 5 inside the driver");
  char pid[20] = {};
  CHECK(::pread(file.get(), pid, sizeof pid - 1, 0) > 0);
  ::unlink(path);
  CHECK(::kill(::atoi(pid), SIGKILL) == 0);
}

TEST_CASE("SIGCHLD is as before, ignored, handled or blocked",
          "[probe_child]") {
  const SigchldState restored;
  const auto work = [] { return std::string("fine"); };
  const auto crash = []() -> std::string { ::_exit(3); };
  SECTION("ignored") {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGCHLD, &ignore, nullptr);
    CHECK(*run_in_child(work, spec()) == "fine");
    // the status is not lost
    CHECK(run_in_child(crash, spec()).error().message ==
          "the probe ended with status 3 inside the driver");
    struct sigaction now {};
    ::sigaction(SIGCHLD, nullptr, &now);
    CHECK(now.sa_handler == SIG_IGN);
  }
  SECTION("handled") {
    struct sigaction handler {};
    handler.sa_handler = on_sigchld;
    handler.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    ::sigaddset(&handler.sa_mask, SIGUSR1);
    ::sigaction(SIGCHLD, &handler, nullptr);
    CHECK(*run_in_child(work, spec()) == "fine");
    struct sigaction now {};
    ::sigaction(SIGCHLD, nullptr, &now);
    CHECK(now.sa_handler == on_sigchld);
    CHECK((now.sa_flags & (SA_RESTART | SA_NOCLDSTOP)) ==
          (SA_RESTART | SA_NOCLDSTOP));
    CHECK(::sigismember(&now.sa_mask, SIGUSR1) == 1);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &only, nullptr);
    CHECK(*run_in_child(work, spec()) == "fine");
    CHECK_FALSE(sigchld_is_pending());
  }
  SECTION("blocked") {
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &only, nullptr);
    CHECK(*run_in_child(work, spec()) == "fine");
    CHECK_FALSE(sigchld_is_pending());
    ::raise(SIGCHLD);
    CHECK(*run_in_child(work, spec()) == "fine");
    CHECK(sigchld_is_pending());
    sigset_t mask;
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
    CHECK(::sigismember(&mask, SIGCHLD) == 1);
    CHECK(::sigismember(&mask, SIGUSR1) == 0);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGCHLD, &ignore, nullptr);
    ::raise(SIGCHLD);
    CHECK(*run_in_child(work, spec()) == "fine");
    CHECK(sigchld_is_pending());
    const timespec now{};
    ::sigtimedwait(&only, nullptr, &now);
  }
}

TEST_CASE("a slow child is told of once", "[probe_child]") {
  int told = 0;
  ProbeChildSpec slow = spec(400ms);
  slow.slow_after = 100ms;
  slow.on_slow = [&] { ++told; };
  CHECK_FALSE(run_in_child([]() -> std::string { hang(); }, slow));
  CHECK(told == 1);
  CHECK(run_in_child([] { return std::string(); }, slow));
  CHECK(told == 1);
}

TEST_CASE("a program hands its result over at descriptor 3", "[probe_child]") {
  const auto shell = [](const std::string& script) {
    const std::map<std::string, std::string> variables{
        {"DESCRIBED", "by a test"}};
    return run_program_in_child({"/bin/sh", "-c", script},
                                Environment(variables), spec());
  };
  const auto answer = shell("printf '%s\\0' \"$DESCRIBED\" >&3");
  REQUIRE(answer);
  CHECK(*answer == "by a test");
  // What it prints is not ours, and nothing else of ours is open in it.
  const Fd inherited(::dup2(STDOUT_FILENO, 50));
  const auto open = shell(
      "echo loud; for n in 0 1 2 3 4 5 6 50; do "
      "[ -e /proc/$$/fd/$n ] && printf '%s ' $n >&3; done; printf '\\0' >&3");
  REQUIRE(open);
  CHECK(*open == "0 1 2 3 ");
  CHECK(shell("echo went wrong >&2; exit 4").error().message ==
        "the probe ended with status 4 inside the driver: \"went wrong\"");
  // Half an answer is none.
  CHECK_FALSE(shell("printf half >&3"));
}

TEST_CASE("a program that is not there is named", "[probe_child]") {
  const auto answer =
      run_program_in_child({"/nowhere/drivers"}, Environment(), spec());
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().message,
             ContainsSubstring("status 127") &&
                 ContainsSubstring("/nowhere/drivers: No such file"));
}
