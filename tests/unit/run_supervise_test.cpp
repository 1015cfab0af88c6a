#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "catch.h"
#include "run/supervise.h"

using namespace fitrun;
using std::chrono::milliseconds;

namespace {

ChildSpec shell(const std::string& script) {
  ChildSpec spec;
  spec.argv = {"sh", "-c", script};
  return spec;
}

SupervisedRun run(const std::vector<ChildSpec>& specs,
                  const Supervision& supervision = {}) {
  return supervise(specs, supervision).value();
}

class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_) != nullptr); }
  ~Folder() {
    const std::string command = "rm -r " + std::string(path_);
    CHECK(std::system(command.c_str()) == 0);
  }
  std::string file(const std::string& name) const {
    return std::string(path_) + "/" + name;
  }

 private:
  char path_[32] = "/tmp/fitrun-test-XXXXXX";
};

// Lets go who reads the FIFO; whether it has a reader by now. Never waits.
bool open_gate(const std::string& fifo) {
  const int fd = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  CHECK(::write(fd, "done\n", 5) == 5);
  ::close(fd);
  return true;
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the end of a child is told as waitpid tells it", "[supervise]") {
  const ChildEnd end = run({shell("exit 7")}).ends.at(0);
  CHECK(WIFEXITED(end.wait_status));
  CHECK(WEXITSTATUS(end.wait_status) == 7);
  CHECK(end.exec_error == 0);
  CHECK(end.pid > 0);
  CHECK(end.elapsed.count() > 0);
  CHECK(end.largest_process > 500'000);
#ifndef __SANITIZE_ADDRESS__  // which has memory of its own before exec
  CHECK(end.largest_process < 50'000'000);
#endif

  const ChildEnd killed = run({shell("kill -9 $$")}).ends.at(0);
  CHECK(WIFSIGNALED(killed.wait_status));
  CHECK(WTERMSIG(killed.wait_status) == SIGKILL);
}

TEST_CASE("a command that cannot be started is told from one that fails",
          "[supervise]") {
  ChildSpec spec;
  spec.argv = {"no-such-command-of-any-kind"};
  CHECK(run({spec}).ends.at(0).exec_error == ENOENT);
  spec.argv = {"/tmp"};
  CHECK(run({spec}).ends.at(0).exec_error == EACCES);
  CHECK(run({shell("exit 127")}).ends.at(0).exec_error == 0);
}

TEST_CASE("variables are set for the child alone", "[supervise]") {
  ChildSpec spec = shell("exit \"$FITRUN_TEST_STATUS\"");
  spec.changes.set = {{"FITRUN_TEST_STATUS", "23"}};
  CHECK(WEXITSTATUS(run({spec}).ends.at(0).wait_status) == 23);
  CHECK(std::getenv("FITRUN_TEST_STATUS") == nullptr);
}

TEST_CASE("several children run beside each other", "[supervise]") {
  // Opening a FIFO waits for the other end: one after the other would hang.
  const Folder folder;
  const std::string fifo = folder.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const SupervisedRun both = run({shell("read n < " + fifo + "; exit $n"),
                                  shell("echo 4 > " + fifo + "; exit 5")});
  REQUIRE(both.ends.size() == 2);
  CHECK(WEXITSTATUS(both.ends[0].wait_status) == 4);
  CHECK(WEXITSTATUS(both.ends[1].wait_status) == 5);
  CHECK(both.asked_to_end == 0);
}

TEST_CASE("a signal sent to the parent reaches the child", "[supervise]") {
  const std::string wait = "sleep 60 & trap \"kill $!; exit 5\" ";
  CHECK(WEXITSTATUS(run({shell(wait + "USR1; kill -USR1 $PPID; wait")})
                        .ends.at(0)
                        .wait_status) == 5);
  const SupervisedRun ended =
      run({shell(wait + "TERM; kill -TERM $PPID; wait")});
  CHECK(WEXITSTATUS(ended.ends.at(0).wait_status) == 5);
  CHECK(ended.asked_to_end == SIGTERM);
}

TEST_CASE("our own broken pipe is not the child's", "[supervise]") {
  const Folder folder;
  // Runs until the parent has been woken by its own signal a few times.
  int calls = 0;
  const std::string fifo = folder.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Supervision supervision;
  supervision.tick = [&](const std::vector<pid_t>&) {
    ::kill(::getpid(), SIGPIPE);
    if (++calls >= 5) open_gate(fifo);
    return milliseconds(1);
  };
  CHECK(WEXITSTATUS(run({shell("read x < " + fifo + "; exit 3")}, supervision)
                        .ends.at(0)
                        .wait_status) == 3);
}

TEST_CASE("a caller that ignores SIGCHLD loses nothing", "[supervise]") {
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction old {};
  ::sigaction(SIGCHLD, &ignored, &old);
  ChildSpec look;  // at bit 16, which is signal 17
  look.argv = {"grep", "-q", "^SigIgn:.*1....$", "/proc/self/status"};
  const SupervisedRun result = run({shell("exit 7"), look});
  struct sigaction after {};
  ::sigaction(SIGCHLD, &old, &after);
  CHECK(result.ends.at(0).wait_status == 7 << 8);
  CHECK(result.ends.at(1).wait_status == 0);  // the child ignores it as well
  CHECK(after.sa_handler == SIG_IGN);
}

TEST_CASE("the tick sees the children that run", "[supervise]") {
  const Folder folder;
  const std::string fifo = folder.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::vector<std::vector<pid_t>> seen;
  Supervision supervision;
  supervision.tick = [&](const std::vector<pid_t>& pids) {
    seen.push_back(pids);
    if (seen.size() >= 3) open_gate(fifo);
    return milliseconds(1);
  };
  const SupervisedRun result = run({shell("read x < " + fifo)}, supervision);
  REQUIRE(seen.size() >= 3);
  CHECK(seen[0] == std::vector<pid_t>{result.ends.at(0).pid});
  CHECK(seen[2] == seen[0]);
}

TEST_CASE("processes that outlive their parents are adopted when asked",
          "[supervise]") {
  const Folder folder;
  const std::string fifo = folder.file("fifo"), note = folder.file("pid");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Supervision supervision;
  SECTION("adopted") {
    supervision.orphans = Orphans::adopt;
  }
  SECTION("left alone") {
    supervision.orphans = Orphans::leave;
  }
  // The middle process ends at once: the sleeping one has lost its parent when
  // the child gets to `echo`.
  const std::string script = "p=$(sh -c 'sleep 60 >&- & echo $!'); echo $p > " +
                             note + ".new; mv " + note + ".new " + note +
                             "; read x < " + fifo;
  std::string parent;
  supervision.tick = [&](const std::vector<pid_t>&) {
    const int orphan = std::atoi(contents(note).c_str());
    if (orphan > 0 && parent.empty()) {
      const std::string status =
          contents("/proc/" + std::to_string(orphan) + "/status");
      const std::size_t at = status.find("PPid:\t") + 6;
      parent = status.substr(at, status.find('\n', at) - at);
      ::kill(orphan, SIGKILL);
    }
    if (!parent.empty()) open_gate(fifo);
    return milliseconds(1);
  };
  const SupervisedRun result = run({shell(script)}, supervision);
  CHECK(result.ends.at(0).wait_status == 0);
  const bool adopted = supervision.orphans == Orphans::adopt;
  CHECK((parent == std::to_string(::getpid())) == adopted);
}

TEST_CASE("the end is passed on", "[supervise]") {
  const Folder folder;
  const auto ended = [&](int wait_status) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      // Cores would be allowed, and land where they are removed.
      rlimit core{};
      ::getrlimit(RLIMIT_CORE, &core);
      core.rlim_cur = core.rlim_max;
      ::setrlimit(RLIMIT_CORE, &core);
      if (::chdir(folder.file("").c_str()) != 0) std::_Exit(99);
      end_as(wait_status);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  };
  CHECK(ended(7 << 8) == 7 << 8);
  CHECK(ended(SIGTERM) == SIGTERM);
  CHECK(ended(SIGKILL) == SIGKILL);
  // 0x80 is "dumped core": ours must not.
  CHECK(ended(SIGSEGV | 0x80) == SIGSEGV);
}
