#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "catch.h"
#include "os/process_handle.h"

using namespace fitrun;
using namespace std::chrono_literals;

namespace {

// A child that waits for its end.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ == 0)
      while (true) ::pause();
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  ProcessId id() const {
    const auto stat = read_process_stat(Host(), pid_);
    REQUIRE(stat);
    return stat->id();
  }

 private:
  pid_t pid_;
};

}  // namespace

TEST_CASE("a process is waited for and signalled, with a pidfd and without",
          "[process_handle]") {
  const Sleeper sleeper;
  const bool pidfd = GENERATE(true, false);
  CAPTURE(pidfd);
  const ProcessHandle handle(Host(), sleeper.id(),
                             pidfd ? open_pidfd(sleeper.id().pid) : Fd());
  CHECK_FALSE(handle.ended());
  CHECK_FALSE(handle.wait(20ms));
  CHECK(handle.send(0));
  CHECK(handle.send(SIGKILL));
  CHECK(handle.wait(20s));
  // It has not been waited for yet, and is gone all the same.
  CHECK(handle.ended());
  CHECK(handle.wait(0ms));
}

TEST_CASE("a process that has taken the number of another is left alone",
          "[process_handle]") {
  const Sleeper sleeper;
  const ProcessId former{sleeper.id().pid, sleeper.id().start - 1};
  const auto opened = ProcessHandle::open(Host(), former);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ESRCH);
  const ProcessHandle handle(Host(), former, Fd());
  CHECK(handle.ended());
  const auto sent = handle.send(SIGTERM);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ESRCH);
  const auto alive = ProcessHandle::open(Host(), sleeper.id());
  REQUIRE(alive);
  CHECK_FALSE(alive->ended());
}
