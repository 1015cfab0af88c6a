#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "machine_dir.h"
#include "run/pinned.h"

using namespace fitrun;

namespace {

ChildSpec shell(const std::string& script) {
  ChildSpec spec;
  spec.argv = {"sh", "-c", script};
  return spec;
}

int run(const std::vector<ChildSpec>& copies) {
  return run_pinned(copies).value();
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("each copy has its own environment", "[pinned]") {
  const MachineDir dir;
  const SetVariable hidden("FITRUN_TEST_HIDDEN", "yes");
  std::vector<ChildSpec> copies;
  for (const std::string gpu : {"GPU-a", "GPU-b"}) {
    copies.push_back(shell("echo $FITRUN_THREADS $FITRUN_TEST_HIDDEN > " +
                           dir.root() + "/$CUDA_VISIBLE_DEVICES"));
    copies.back().changes.set = {{"CUDA_VISIBLE_DEVICES", gpu},
                                 {"FITRUN_THREADS", "for " + gpu}};
    copies.back().changes.unset = {"FITRUN_TEST_HIDDEN"};
  }
  CHECK(run_pinned(copies).value() == 0);
  CHECK(contents(dir.root() + "/GPU-a") == "for GPU-a\n");
  CHECK(contents(dir.root() + "/GPU-b") == "for GPU-b\n");
}

TEST_CASE("copies end with the status of the first that fails", "[pinned]") {
  CHECK(run({shell("exit 0"), shell("exit 0")}) == 0);
  const int seven = run({shell("exit 0"), shell("exit 7"), shell("exit 0")});
  CHECK(WIFEXITED(seven));
  CHECK(WEXITSTATUS(seven) == 7);
  const int killed = run({shell("kill -TERM $$"), shell("exit 0")});
  CHECK(WIFSIGNALED(killed));
  CHECK(WTERMSIG(killed) == SIGTERM);
}

TEST_CASE("a copy that fails does not end the others, nor wait for them",
          "[pinned]") {
  const MachineDir dir;
  const std::string pid = dir.root() + "/pid";
  // The first ends once the second has, and was seen to: a process that has
  // ended is there until its parent asks for its status.
  const std::string wait =
      "until read p < " + pid +
      "; do sleep 0.01; done 2>/dev/null\n"
      "while kill -0 $p; do sleep 0.01; done 2>/dev/null\n";
  const int status =
      run({shell(wait + "echo done > " + dir.root() + "/done; exit 5"),
           shell("echo $$ > " + pid + "; exit 3")});
  CHECK(WEXITSTATUS(status) == 3);
  CHECK(contents(dir.root() + "/done") == "done\n");
}

TEST_CASE("a command that cannot be started is a failure of ours", "[pinned]") {
  ChildSpec missing;
  missing.argv = {"no-such-command-here"};
  try {
    run({missing, missing});
    FAIL("no failure");
  } catch (const Failure& failure) {
    CHECK(std::string(failure.what()) ==
          "no-such-command-here: command not found");
    CHECK(failure.status == ExitStatus::not_found);
  }
}
