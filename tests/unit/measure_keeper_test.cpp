#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "catch.h"
#include "measure/keeper.h"
#include "measure/lone_group.h"
#include "scratch.h"

using namespace fitrun;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

struct Looks {
  int count = 0;
  microseconds spent{0};
};

// A run of this length, of a tree at which a look takes so long.
Looks looks_in(microseconds run, microseconds look) {
  Looks looks;
  microseconds now{0};
  while (now <= run) {
    ++looks.count;
    looks.spent += look;
    now += keeper_pause(now, looks.spent);
  }
  return looks;
}

bool within(std::chrono::seconds most, const std::function<bool()>& what) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (std::chrono::steady_clock::now() < end) {
    if (what()) return true;
    ::usleep(5'000);
  }
  return false;
}

std::optional<RunRecord> last_of(const StatePlace& place) {
  const RunHistory history = read_history(place).value();
  if (history.runs.empty()) return std::nullopt;
  return history.runs.back();
}

}  // namespace

TEST_CASE("a keeper takes less the longer the run is", "[keeper]") {
  // 64 processes: a look of 4 ms.
  CHECK(looks_in(600s, 4ms).spent < 1.5s);  // a quarter of a percent
  CHECK(looks_in(24h, 4ms).spent < 180s);   // a fifth
  CHECK(looks_in(600s, 500ms).spent < 2s);  // many thousands
  // A look that is cheap comes often while the run is young.
  CHECK(looks_in(100ms, 100us).count >= 12);
  CHECK(looks_in(1s, 100us).count >= 80);
  CHECK(looks_in(600s, 100us).count >= 600);
  CHECK(looks_in(1s, 4ms).count >= 5);
  CHECK(keeper_pause(0us, 0us) == 5ms);
  CHECK(keeper_pause(1h, 0us) == 1s);
  // Close looks have as much again: at most half a percent in all.
  CHECK(keeper_allowance(600s) < 1.5s);
  CHECK(keeper_allowance(10ms) < 1ms);
  for (const microseconds spent : {1ms, 50ms, 54ms, 60ms, 2000ms}) {
    const microseconds now = keeper_pause(0us, spent);
    CHECK(keeper_allowance(now) >= spent - 10us);
    CHECK(keeper_allowance(now / 2) < spent);
  }
}

TEST_CASE("checkpoints come at growing distances", "[keeper]") {
  const Checkpoint first{250ms, 0};
  CHECK_FALSE(checkpoint_due(first, 999ms, 1000));
  CHECK(checkpoint_due(first, 1s, 1000));
  const Checkpoint last{1s, 1000};
  CHECK_FALSE(checkpoint_due(last, 3999ms, 1000));
  CHECK(checkpoint_due(last, 4s, 1000));
  CHECK_FALSE(checkpoint_due(last, 3999ms, 1100));
  CHECK(checkpoint_due(last, 1250ms, 1101));
  CHECK_FALSE(checkpoint_due(last, 1249ms, 9000));
  // A day of steady growth.
  int count = 0;
  Checkpoint now = first;
  for (microseconds at = 0s; at < 24h; at += 100ms) {
    const auto peak = static_cast<std::uint64_t>(at.count());
    if (!checkpoint_due(now, at, peak)) continue;
    now = {at, peak};
    ++count;
  }
  CHECK(count < 60);
}

TEST_CASE("a group is the run's while no stranger stays in it", "[keeper]") {
  CHECK(strangers("12\n7\n10\n", {7, 10, 12}).empty());
  CHECK(strangers("12\n7\n10\n3\n", {7, 12, 99}) == std::vector<pid_t>{3, 10});
  CHECK(strangers("", {1}).empty());
  CHECK(strangers("no\n-1\n5\n", {5}).empty());
  // Of another pid namespace.
  CHECK(strangers("0\n5\n", {5}) == std::vector<pid_t>{0});
}

TEST_CASE("a keeper writes down the peak of what we become", "[keeper][real]") {
  const Scratch folder;
  const StatePlace place{folder / "state", false};
  const std::string fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  int output[2];
  REQUIRE(::pipe(output) == 0);
  RunRecord before;
  before.stage = "/s/html.toml";
  before.label = "HTML";
  before.workers = 4;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(output[1], 1);
    ::dup2(output[1], 2);
    ::close(output[0]);
    ::close(output[1]);
    if (!start_keeper(place, before, true, std::nullopt)) std::_Exit(99);
    // 30 MiB, held until there is a checkpoint; no children but its own.
    const std::string script =
        "read c < /proc/$$/task/$$/children; test -z \"$c\" || exit 98; "
        "x=$(head -c 31457280 /dev/zero | tr '\\0' x); read y < " +
        fifo + "; exit 7";
    ::execlp("sh", "sh", "-c", script.c_str(), nullptr);
    std::_Exit(97);
  }
  ::close(output[1]);
  // What the keeper has seen is written while the run lasts.
  REQUIRE(within(60s, [&] {
    const auto record = last_of(place);
    return record && record->peak.value_or(0) > 30'000'000;
  }));
  CHECK(last_of(place)->checkpoint);
  const int gate = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(gate >= 0);
  REQUIRE(::write(gate, "\n", 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 7 << 8);
  // The keeper holds no end of the command's output: it ends with it.
  char byte = 0;
  CHECK(::read(output[0], &byte, 1) == 0);
  ::close(output[0]);
  ::close(gate);

  // It is nobody's child: there is nothing to wait for.
  REQUIRE(within(60s, [&] { return !last_of(place)->checkpoint; }));
  const auto runs = read_history(place).value().runs;
  REQUIRE(runs.size() == 1);
  const RunRecord& record = runs[0];
  CHECK(record.workers == 4);
  CHECK(record.label == "HTML");
  REQUIRE(record.peak);
  CHECK(*record.peak > 30'000'000);
  CHECK(*record.peak < 150'000'000);
  CHECK(record.seconds > 1);
  CHECK_FALSE(record.time.empty());
  // Where the kernel says how it ended, that is what it says.
  CHECK(record.wait_status.value_or(7 << 8) == 7 << 8);
}
