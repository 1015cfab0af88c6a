#include <signal.h>

#include <ctime>

#include "catch.h"
#include "os/command.h"

using namespace fitrun;

TEST_CASE("a SIGCHLD that waits behind a mask still waits after a helper",
          "[command]") {
  sigset_t only, before;
  ::sigemptyset(&only);
  ::sigaddset(&only, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &only, &before);
  const auto waits = [] {
    sigset_t pending;
    ::sigpending(&pending);
    return ::sigismember(&pending, SIGCHLD) == 1;
  };
  CommandSpec helper;
  helper.argv = {"sh", "-c", "echo 7"};
  CHECK(run_command(helper)->text == "7\n");
  CHECK_FALSE(waits());
  ::raise(SIGCHLD);
  CHECK(run_command(helper)->text == "7\n");
  CHECK(waits());
  const timespec now{};
  ::sigtimedwait(&only, nullptr, &now);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("the status of a helper is known where SIGCHLD is ignored",
          "[command]") {
  struct sigaction ignore {
  }, before{}, after{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &before);
  CommandSpec helper;
  helper.argv = {"sh", "-c", "exit 3"};
  CHECK(run_command(helper)->exit_status == 3);
  ::sigaction(SIGCHLD, &before, &after);
  CHECK(after.sa_handler == SIG_IGN);
}
