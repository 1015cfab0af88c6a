#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "measure/observer.h"
#include "measure/retry.h"
#include "measure/runs.h"

using namespace fitrun;
using Catch::Approx;

namespace {

class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const {
    return std::string(path_) + "/" + name;
  }

 private:
  char path_[32] = "/tmp/fitrun-test-XXXXXX";
};

RunRecord record_of(std::uint64_t workers) {
  RunRecord record;
  record.time = "2026-01-31T12:00:00Z";
  record.stage = "/s/html.toml";
  record.label = "HTML";
  record.command = {"./render", "--jobs", "4"};
  record.workers = workers;
  record.available = 1000;
  record.fixed = 100;
  record.per_worker = 50;
  record.peak = 320;
  record.method = "memory.peak";
  record.certainty = Certainty::counted;
  record.seconds = 1.5;
  record.wait_status = 0;
  record.oom_kills = 0;
  return record;
}

RunRecord ended(std::uint64_t workers, std::uint64_t kills,
                std::uint64_t available = 1000) {
  RunRecord record = record_of(workers);
  record.oom_kills = kills;
  record.wait_status = kills > 0 ? SIGKILL : 0;
  record.available = available;
  return record;
}

}  // namespace

TEST_CASE("a record is one line and comes back as it was", "[runs]") {
  RunRecord record = record_of(4);
  record.command[0] = "a\nb\"\xff";
  const std::string line = to_json_line(record);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK_THAT(line, Catch::Matchers::ContainsSubstring("\"workers\":4"));
  const auto back = parse_json_line(line);
  REQUIRE(back);
  CHECK(back->time == record.time);
  CHECK(back->stage == record.stage);
  CHECK(back->label == "HTML");
  CHECK(back->command.size() == 3);
  CHECK(back->command[2] == "4");
  CHECK(back->workers == 4);
  CHECK(back->available == 1000);
  CHECK(back->fixed == 100);
  CHECK(back->per_worker == 50);
  CHECK(back->peak == 320);
  CHECK(back->certainty == Certainty::counted);
  CHECK(back->method == "memory.peak");
  CHECK(back->seconds == 1.5);
  CHECK(back->wait_status == 0);
  CHECK(back->oom_kills == 0);

  record.peak.reset();
  record.wait_status.reset();
  record.oom_kills.reset();
  record.certainty = Certainty::at_least;
  const auto unknown = parse_json_line(to_json_line(record));
  REQUIRE(unknown);
  CHECK_FALSE(unknown->peak);
  CHECK_FALSE(unknown->wait_status);
  CHECK_FALSE(unknown->oom_kills);
  CHECK(unknown->certainty == Certainty::at_least);
}

TEST_CASE("lines that are no records cost themselves only", "[runs]") {
  RunRecord other = record_of(8);
  other.stage = "/s/other.toml";
  const std::string text = "{\"time\":\"2026\",\"work\n" +
                           to_json_line(record_of(2)) +
                           "\n[]\n{\"workers\":\"4\",\"time\":\"x\"}\n" +
                           to_json_line(other) + to_json_line(record_of(4)) +
                           R"({"time":"x","workers":1,"stage":"/s/html.toml"})";
  const auto html = parse_runs(text, "/s/html.toml");
  REQUIRE(html.size() == 3);
  CHECK(html[0].workers == 2);
  CHECK(html[1].workers == 4);
  CHECK(html[2].workers == 1);
  CHECK(parse_runs(text, "").size() == 4);
}

TEST_CASE("more than a tenth above what was declared is an excess", "[runs]") {
  // 100 + 4 * 50 = 300
  RunRecord record = record_of(4);
  record.peak = 330;
  CHECK_FALSE(excess_of(record));
  record.peak = 345;
  REQUIRE(excess_of(record));
  CHECK(*excess_of(record) == Approx(0.15));
  record.fixed = record.per_worker = 0;
  CHECK_FALSE(excess_of(record));
}

TEST_CASE("records are kept below the user's state", "[runs]") {
  const auto path = [](std::map<std::string, std::string> variables) {
    return runs_path(Environment(std::move(variables)));
  };
  CHECK(path({{"XDG_STATE_HOME", "/x"}, {"HOME", "/h"}}) ==
        "/x/fitrun/runs.jsonl");
  CHECK(path({{"XDG_STATE_HOME", "x"}, {"HOME", "/h"}}) ==
        "/h/.local/state/fitrun/runs.jsonl");
  CHECK(path({}) == "");

  const Folder folder;
  const std::string file = folder.file("a/b/runs.jsonl");
  CHECK(read_runs(file, "").value().empty());
  CHECK(append_run(file, record_of(1)).has_value());
  CHECK(append_run(file, record_of(2)).has_value());
  const auto runs = read_runs(file, "").value();
  REQUIRE(runs.size() == 2);
  CHECK(runs[1].workers == 2);
  CHECK_FALSE(append_run("/proc/nowhere/runs.jsonl", record_of(1)));
  CHECK(utc_time(1769860800) == "2026-01-31T12:00:00Z");
}

TEST_CASE("two bounds are remembered for as much memory", "[retry]") {
  SECTION("nothing known") {
    const CountBounds none = bounds_of({}, 1000);
    CHECK(none.works == 0);
    CHECK(none.fails == 0);
    CHECK(start_count(8, none) == 8);
  }
  SECTION("what worked below what failed") {
    const auto bounds =
        bounds_of({ended(8, 1), ended(2, 0), ended(4, 0), ended(6, 3)}, 1000);
    CHECK(bounds.works == 4);
    CHECK(bounds.fails == 6);
    CHECK(start_count(8, bounds) == 4);
    CHECK(start_count(6, bounds) == 4);
    CHECK(start_count(5, bounds) == 5);
    CHECK(start_count(3, bounds) == 3);
  }
  SECTION("a failure with less memory says nothing") {
    CHECK(bounds_of({ended(8, 1, 949)}, 1000).fails == 0);
    CHECK(bounds_of({ended(8, 1, 950)}, 1000).fails == 8);
    CHECK(bounds_of({ended(8, 1, 2000)}, 1000).fails == 8);
  }
  SECTION("an end that was not seen, or a failure of its own, says nothing") {
    RunRecord unseen = record_of(4);
    unseen.wait_status.reset();
    RunRecord failed = record_of(4);
    failed.wait_status = 256;
    CHECK(bounds_of({unseen, failed}, 1000).works == 0);
  }
  SECTION("with no success half of the failure is the start") {
    CHECK(start_count(8, {0, 6}) == 3);
    CHECK(start_count(8, {0, 1}) == 1);
  }
}

TEST_CASE("after a kill the workers are halved, down to one", "[retry]") {
  CountBounds bounds;
  CHECK(retry_count(8, bounds) == 4);
  CHECK(bounds.fails == 8);
  CHECK(retry_count(4, bounds) == 2);
  CHECK(retry_count(2, bounds) == 1);
  CHECK_FALSE(retry_count(1, bounds));
  CHECK(bounds.fails == 1);

  CountBounds known{5, 0};
  CHECK(retry_count(8, known) == 5);  // not 4: 5 has worked
  CHECK(retry_count(5, known) == 2);  // and does not any more
  CHECK(known.works == 0);
}

TEST_CASE("an observer writes down the peak of what we become",
          "[observer][real]") {
  const Folder folder;
  const std::string runs = folder.file("state/runs.jsonl");
  const std::string fifo = folder.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  int output[2];
  REQUIRE(::pipe(output) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(output[1], 1);
    ::close(output[0]);
    ::close(output[1]);
    if (!start_observer(runs, record_of(4), "[budget:T] ")) std::_Exit(99);
    // 30 MiB, held until the observer has had the time to look; no children but
    // those of its own.
    const std::string script =
        "read c < /proc/$$/task/$$/children; test -z \"$c\" || exit 98; "
        "x=$(head -c 31457280 /dev/zero | tr '\\0' x); read y < " +
        fifo + "; exit 7";
    ::execlp("sh", "sh", "-c", script.c_str(), nullptr);
    std::_Exit(97);
  }
  ::close(output[1]);
  // There is a reader once the memory is taken.
  int gate = -1;
  for (int i = 0; i < 1000 && gate < 0; ++i) {
    gate = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (gate < 0) ::usleep(10'000);
  }
  REQUIRE(gate >= 0);
  ::usleep(300'000);  // a few looks
  REQUIRE(::write(gate, "\n", 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 7 << 8);
  // The observer holds no end of the command's output: it ends with it.
  char byte = 0;
  CHECK(::read(output[0], &byte, 1) == 0);
  ::close(output[0]);
  ::close(gate);

  std::vector<RunRecord> records;
  for (int i = 0; i < 1000 && records.empty(); ++i) {
    ::usleep(10'000);  // it is nobody's child: there is nothing to wait for
    records = read_runs(runs, "").value();
  }
  REQUIRE(records.size() == 1);
  const RunRecord& record = records[0];
  CHECK(record.workers == 4);
  CHECK(record.label == "HTML");
  REQUIRE(record.peak);
  CHECK(*record.peak > 30'000'000);
  CHECK(*record.peak < 150'000'000);
  CHECK(record.certainty == Certainty::at_least);
  CHECK(record.seconds > 0.2);
  CHECK(record.time != record_of(4).time);
}
