#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "measure/history.h"
#include "measure/runs.h"
#include "measure/runs_file.h"
#include "scratch.h"

using namespace fitrun;
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;

namespace {

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

std::optional<RunRecord> only_run(const std::string& text) {
  const ParsedRuns parsed = parse_runs(text);
  if (parsed.runs.size() != 1 || parsed.damaged + parsed.newer > 0)
    return std::nullopt;
  return parsed.runs.front();
}

std::string text_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

void write_file(const std::string& file, const std::string& text) {
  std::ofstream(file) << text;
}

StatePlace place_in(const Scratch& folder) {
  return {folder / "state", false};
}

std::vector<std::uint64_t> workers_in(const StatePlace& place) {
  std::vector<std::uint64_t> workers;
  for (const RunRecord& run : read_history(place).value().runs)
    workers.push_back(run.workers);
  return workers;
}

using Workers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a record is one line and comes back as it was", "[runs]") {
  RunRecord record = record_of(4);
  record.run = "1-2";
  record.command[0] = "a\nb\"\xff";
  const std::string line = to_json_line(record);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK_THAT(line, ContainsSubstring("\"v\":1,\"run\":\"1-2\""));
  CHECK_THAT(line, ContainsSubstring("\"workers\":4"));
  const auto back = only_run(line);
  REQUIRE(back);
  CHECK(back->run == "1-2");
  CHECK_FALSE(back->checkpoint);
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
  const auto unknown = only_run(to_json_line(record));
  REQUIRE(unknown);
  CHECK_FALSE(unknown->peak);
  CHECK_FALSE(unknown->wait_status);
  CHECK_FALSE(unknown->oom_kills);
  CHECK(unknown->certainty == Certainty::at_least);
}

TEST_CASE("what a run's jobs took comes back", "[runs]") {
  RunRecord record = record_of(4);
  record.tool = "make";
  record.project = "/home/me/p";
  record.kind = "make all";
  record.envelope = {{0, 5}, {1, 100}, {4, 320}};
  record.jobs.kinds = {{"g++ -c", 7, 80, 100}, {"ld", 1, 9, 9}};
  record.jobs.largest = {{"g++ -c a.cpp \xff", 100}, {"ld x", 9}};
  const auto back = only_run(to_json_line(record));
  REQUIRE(back);
  CHECK(back->tool == "make");
  CHECK(back->project == "/home/me/p");
  CHECK(back->kind == "make all");
  CHECK(back->envelope == record.envelope);
  CHECK(back->jobs.kinds == record.jobs.kinds);
  REQUIRE(back->jobs.largest.size() == 2);
  CHECK(back->jobs.largest[1] == record.jobs.largest[1]);
}

TEST_CASE("runs are found by what they are of", "[runs]") {
  RunRecord record = record_of(1);
  record.tool = "make";
  record.project = "/p";
  record.kind = "make all";
  CHECK(is_of(record, {}));
  CHECK(is_of(record, {.tool = "make", .project = "/p", .kind = "make all"}));
  CHECK_FALSE(is_of(record, {.tool = "ninja"}));
  CHECK_FALSE(is_of(record, {.tool = "make", .project = "/q"}));
  CHECK_FALSE(is_of(record, {.tool = "make", .kind = "make"}));
  CHECK_FALSE(is_of(record, {.stage = "/s/other.toml"}));
  // One from before there were projects.
  CHECK(is_of(record_of(1), {.stage = "/s/html.toml", .project = "/q"}));
}

TEST_CASE("lines of others are not taken apart", "[runs]") {
  const std::string damaged =
      R"({"v":1,"time":"x","tool":"make","project":"/q","kind":"make all")";
  const auto damage = [&](const RunsOf& of) {
    return parse_runs(damaged, of).damaged;
  };
  CHECK(damage({}) == 1);
  CHECK(damage({.tool = "make", .project = "/q", .kind = "make all"}) == 1);
  CHECK(damage({.tool = "ninja", .project = "/q"}) == 0);
  CHECK(damage({.tool = "make", .project = "/p"}) == 0);
  CHECK(damage({.tool = "make", .project = "/q", .kind = "make"}) == 0);
  // The end of a longer name is none of them.
  CHECK(damage({.tool = "make", .project = "q"}) == 0);

  // Another program's blanks are no other project.
  const std::string spaced =
      R"({"v": 1, "time": "x", "tool": "make", "project": "/q", "workers": 2})";
  CHECK(parse_runs(spaced, {.tool = "make", .project = "/q"}).runs.size() == 1);
}

TEST_CASE("the last few runs are had without the others", "[runs]") {
  std::string text;
  for (const std::uint64_t workers : {1, 2, 3, 4}) {
    RunRecord record = record_of(workers);
    record.run = std::to_string(workers % 2);
    record.checkpoint = true;
    text += to_json_line(record);
    record.run += "-" + std::to_string(workers);
    text += to_json_line(record);
  }
  const auto last = parse_runs(text, {}, 3).runs;
  REQUIRE(last.size() == 3);
  CHECK(last[0].run == "1-3");
  CHECK(last[1].run == "0");
  CHECK(last[1].workers == 4);
  CHECK(last[2].run == "0-4");
  CHECK(parse_runs(text, {}, 0).runs.empty());
}

TEST_CASE("what is forgotten is gone from the file", "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  CHECK(forget_runs(place, {}).value() == 0);
  for (const std::uint64_t workers : {1, 2, 3}) {
    RunRecord record = record_of(workers);
    record.project = workers == 2 ? "/q" : "/p";
    REQUIRE(append_run(place, record));
  }
  CHECK(forget_runs(place, {.project = "/q"}).value() == 1);
  CHECK(workers_in(place) == Workers{1, 3});
  CHECK(text_of(place.runs()).find("/q") == std::string::npos);
  CHECK(read_history(place).value().notes.empty());
  REQUIRE(append_run(place, record_of(4)));
  CHECK(workers_in(place) == Workers{1, 3, 4});
  CHECK(forget_runs(place, {}).value() == 3);
  CHECK(workers_in(place).empty());
}

TEST_CASE("that somebody was killed is known without the runs", "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  CHECK_FALSE(has_kills(place));
  REQUIRE(append_run(place, record_of(1)));
  CHECK_FALSE(has_kills(place));
  RunRecord record = record_of(2);
  record.oom_kills = 1;
  REQUIRE(append_run(place, record));
  CHECK(has_kills(place));
  CHECK_FALSE(has_kills({}));
}

TEST_CASE("a command line of any length is a short record", "[runs]") {
  RunRecord record = record_of(4);
  record.command = {"xargs", std::string(1U << 20, 'x'), "last"};
  const std::string line = to_json_line(record);
  CHECK(line.size() < 6000);
  CHECK(only_run(line)->command.size() == 2);
  record.command.assign(100'000, "word");
  CHECK(to_json_line(record).size() < 8000);
}

TEST_CASE("lines that are no records cost themselves only", "[runs]") {
  RunRecord other = record_of(8);
  other.stage = "/s/other.toml";
  const std::string text = "{\"time\":\"2026\",\"work\n" +
                           to_json_line(record_of(2)) +
                           "\n[]\n{\"workers\":\"4\",\"time\":\"x\"}\n" +
                           to_json_line(other) + to_json_line(record_of(4)) +
                           R"({"time":"x","workers":1,"stage":"/s/html.toml"})";
  const ParsedRuns html = parse_runs(text, {.stage = "/s/html.toml"});
  REQUIRE(html.runs.size() == 3);
  CHECK(html.runs[0].workers == 2);
  CHECK(html.runs[1].workers == 4);
  CHECK(html.runs[2].workers == 1);
  CHECK(parse_runs(text).runs.size() == 4);
  CHECK(parse_runs(text).damaged == 3);
  // Values that no record has.
  for (const char* const value :
       {R"("workers":-1)", R"("workers":1.5)", R"("peak":-3)",
        R"("peak":"many")", R"("seconds":1e999)", R"("wait_status":1e99)",
        R"("wait_status":99999999999)", R"("command":[1])", R"("command":"x")",
        R"("per_worker":-5)", R"("time":7)", R"("envelope":[[1]])",
        R"("envelope":{"1":2})", R"("jobs":[1])", R"("jobs":{"a":-1})",
        R"("kinds":{"a":[1,2]})", R"("project":1)"}) {
    CAPTURE(value);
    const std::string line =
        R"({"workers":1,"time":"x",)" + std::string(value) + "}";
    CHECK(parse_runs(line).damaged == 1);
  }
}

TEST_CASE("a value of another kind is no record's", "[runs]") {
  const auto damaged = [](const std::string& more) {
    return parse_runs(R"({"v":1,"time":"x","workers":2,)" + more + "}").damaged;
  };
  for (const char* const right :
       {R"("envelope":[[1,2],[3,4]])", R"("kinds":{"cc":[1,2,3]})",
        R"("jobs":{"cc a.c":3})", R"("command":["x"])", R"("command":[])",
        R"("peak":null)", R"("wait_status":-1)", R"("fixed":1)",
        R"("later":{"a":[[[1]]],"b":{"c":{"d":1}}})", R"("later":[[1,[2]]])"}) {
    CAPTURE(right);
    CHECK(damaged(right) == 0);
  }
  for (const char* const wrong : {R"("workers":[5])",
                                  R"("workers":{"a":1})",
                                  R"("workers":-1)",
                                  R"("workers":1.0)",
                                  R"("stage":1)",
                                  R"("held":1)",
                                  R"("held":null)",
                                  R"("peak":"1")",
                                  R"("fixed":-1)",
                                  R"("fixed":1e999)",
                                  R"("wait_status":2147483648)",
                                  R"("wait_status":1.0)",
                                  R"("certainty":1)",
                                  R"("command":"x")",
                                  R"("command":{"a":"x"})",
                                  R"("command":[1])",
                                  R"("command":[["x"]])",
                                  R"("envelope":[1,2])",
                                  R"("envelope":[[1,2,3]])",
                                  R"("envelope":[[1,"2"]])",
                                  R"("envelope":[{"a":1,"b":2}])",
                                  R"("envelope":[[1,[9],2]])",
                                  R"("envelope":{"a":[1,2]})",
                                  R"("kinds":[[1,2,3]])",
                                  R"("kinds":{"cc":[1,2]})",
                                  R"("kinds":{"cc":3})",
                                  R"("jobs":[3])",
                                  R"("jobs":{"a":"3"})",
                                  R"("jobs":{"a":[3]})",
                                  R"("jobs":{"a":-3})",
                                  R"("jobs":3)"}) {
    CAPTURE(wrong);
    CHECK(damaged(wrong) == 1);
  }
  CHECK(damaged(R"("time":"")") == 1);
  CHECK(damaged(R"("workers":0)") == 1);
  // The last of two counts.
  const auto twice =
      only_run(R"({"time":"x","workers":2,"jobs":{"a":1},"jobs":{"b":2}})");
  REQUIRE(twice);
  CHECK(twice->jobs.largest == std::vector<JobPeak>{{"b", 2}});
}

TEST_CASE("older lines are read, later ones and keys cost nothing", "[runs]") {
  // As it was written before there were versions.
  const std::string old =
      R"({"time":"2026-01-31T12:00:00Z","stage":"/s","label":"S",)"
      R"("command":["x"],"workers":3,"available":9,"fixed":1.0,)"
      R"("per_worker":2.0,"certainty":"at least","method":"m","seconds":1.0})";
  REQUIRE(only_run(old));
  CHECK(only_run(old)->workers == 3);
  // Keys that this version does not know.
  const std::string more =
      R"({"v":1,"time":"x","workers":5,"project":"/p","envelope":[[1,2]],)"
      R"("jobs":{"cc a.c":3},"later":2})";
  REQUIRE(only_run(more));
  CHECK(only_run(more)->workers == 5);
  CHECK(only_run(more)->jobs.largest == std::vector<JobPeak>{{"cc a.c", 3}});
  // What "workers" means there is not known.
  for (const char* const version : {"2", "\"two\"", "-1", "null"}) {
    CAPTURE(version);
    const ParsedRuns parsed = parse_runs("{\"v\":" + std::string(version) +
                                         R"(,"time":"x","workers":[5]})");
    CHECK(parsed.runs.empty());
    CHECK(parsed.newer == 1);
    CHECK(parsed.damaged == 0);
  }
}

TEST_CASE("of a run with checkpoints the last line counts", "[runs]") {
  const auto line = [](const char* run, std::uint64_t peak, bool checkpoint) {
    RunRecord record = record_of(2);
    record.run = run;
    record.peak = peak;
    record.checkpoint = checkpoint;
    record.wait_status.reset();
    return to_json_line(record);
  };
  const ParsedRuns parsed =
      parse_runs(line("a", 1, true) + line("b", 5, true) + line("a", 2, true) +
                 line("", 7, false) + line("", 8, false) + line("a", 3, false));
  REQUIRE(parsed.runs.size() == 4);
  CHECK(parsed.runs[0].run == "a");
  CHECK(parsed.runs[0].peak == 3);
  CHECK_FALSE(parsed.runs[0].checkpoint);
  // The keeper was killed together with this one.
  CHECK(parsed.runs[1].peak == 5);
  CHECK(parsed.runs[1].checkpoint);
  CHECK_THAT(render_history(parsed.runs, false),
             ContainsSubstring("  ended\n"));
}

TEST_CASE("history is JSON whatever the records hold", "[runs]") {
  RunRecord record = record_of(4);
  record.stage = "/s/\"\xff\n.toml";
  const auto json = nlohmann::json::parse(history_json({record, record_of(2)}));
  REQUIRE(json.size() == 2);
  CHECK(json[0]["workers"] == 4);
  CHECK(json[1]["stage"] == "/s/html.toml");
  CHECK(nlohmann::json::parse(history_json({})).empty());
}

TEST_CASE("more than a tenth above what was declared is an excess", "[runs]") {
  // 100 + 4 * 50 = 300
  RunRecord record = record_of(4);
  record.peak = 330;
  CHECK_FALSE(excess_of(record));
  record.peak = 345;
  REQUIRE(excess_of(record));
  CHECK(*excess_of(record) == Approx(0.15));
  CHECK_THAT(excess_line(record, "the last run"),
             ContainsSubstring("the last run took 345 B, 15 % more than "
                               "declared (300 B with 4 workers)"));
  record.fixed = record.per_worker = 0;
  CHECK_FALSE(excess_of(record));
}

TEST_CASE("records are kept below the user's state", "[runs]") {
  const auto place = [](std::map<std::string, std::string> variables) {
    return state_place(Environment(std::move(variables)));
  };
  CHECK(place({{"FITRUN_STATE", "/f"}, {"XDG_STATE_HOME", "/x"}}).folder ==
        "/f");
  CHECK(place({{"FITRUN_STATE", "/f"}}).named);
  CHECK(place({{"FITRUN_STATE", "f"}}).folder ==
        std::filesystem::current_path().string() + "/f");
  CHECK(place({{"FITRUN_STATE", ""}, {"XDG_STATE_HOME", "/x"}}).runs() ==
        "/x/fitrun/runs.jsonl");
  CHECK_FALSE(place({{"XDG_STATE_HOME", "/x"}}).named);
  CHECK(place({{"XDG_STATE_HOME", "x"}, {"HOME", "/h"}}).runs() ==
        "/h/.local/state/fitrun/runs.jsonl");
  CHECK(place({{"HOME", "h"}}).folder.empty());
  CHECK(place({}).folder.empty());
  const auto nowhere = append_run(place({}), record_of(1));
  REQUIRE_FALSE(nowhere);
  CHECK_THAT(nowhere.error().message, ContainsSubstring("FITRUN_STATE"));
  CHECK(utc_time(1769860800) == "2026-01-31T12:00:00Z");
}

TEST_CASE("records are appended, and read oldest first", "[runs]") {
  const Scratch folder;
  const StatePlace place{folder / "a/b", false};
  CHECK(workers_in(place).empty());
  CHECK(append_run(place, record_of(1)));
  CHECK(append_run(place, record_of(2)));
  CHECK(workers_in(place) == Workers{1, 2});
  struct stat info {};
  REQUIRE(::stat(place.runs().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(::stat(place.folder.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK_FALSE(append_run({"/proc/nowhere", true}, record_of(1)));
}

TEST_CASE("a line that was cut short costs itself", "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  REQUIRE(append_run(place, record_of(1)));
  const std::string line = to_json_line(record_of(9));
  std::ofstream(place.runs(), std::ios::app) << line.substr(0, 60);
  REQUIRE(append_run(place, record_of(2)));
  REQUIRE(append_run(place, record_of(3)));
  const RunHistory history = read_history(place).value();
  CHECK(workers_in(place) == Workers{1, 2, 3});
  REQUIRE(history.notes.size() == 1);
  CHECK_THAT(history.notes[0],
             ContainsSubstring(place.runs() + ": 1 damaged line"));
}

TEST_CASE("the file is bounded, and so is what is read of it", "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  REQUIRE(append_run(place, record_of(1)));
  const std::string line = to_json_line(record_of(2));
  std::string many;
  while (many.size() < 3 * kLargestRunsFile) many += line;
  write_file(place.runs(), many + to_json_line(record_of(3)));
  const auto before = read_history(place).value();
  CHECK(before.runs.back().workers == 3);
  CHECK(before.runs.size() <= kLargestRunsFile / line.size() + 1);
  CHECK(before.notes.empty());  // nothing is damaged where reading begins

  REQUIRE(append_run(place, record_of(4)));
  CHECK(std::filesystem::file_size(place.runs()) < 1000);
  const auto after = read_history(place).value();
  CHECK(after.runs.back().workers == 4);
  REQUIRE(after.runs.size() > 2);
  CHECK(after.runs[after.runs.size() - 2].workers == 3);

  // The next one takes its place.
  write_file(place.runs(), many);
  REQUIRE(append_run(place, record_of(5)));
  CHECK(std::distance(std::filesystem::directory_iterator(place.folder), {}) ==
        2);
  CHECK(workers_in(place).back() == 5);
}

TEST_CASE("the last few runs are found however far back they are", "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  RunRecord other = record_of(9);
  other.stage = "/s/other.toml";
  std::string others;
  while (others.size() < kLargestRunsFile / 2) others += to_json_line(other);
  const RunsOf html{.stage = "/s/html.toml"};
  const auto found = [&](std::size_t most) {
    std::vector<std::uint64_t> workers;
    for (const RunRecord& run : read_history(place, html, most).value().runs)
      workers.push_back(run.workers);
    return workers;
  };
  REQUIRE(append_run(place, record_of(1)));
  write_file(place.runs(),
             to_json_line(record_of(2)) + others + to_json_line(record_of(3)));
  CHECK(found(1) == std::vector<std::uint64_t>{3});
  CHECK(found(2) == std::vector<std::uint64_t>{2, 3});
  std::filesystem::rename(place.runs(), place.folder + "/runs.old.jsonl");
  CHECK(found(2) == std::vector<std::uint64_t>{2, 3});
  REQUIRE(append_run(place, record_of(4)));
  CHECK(found(1) == std::vector<std::uint64_t>{4});
  CHECK(found(8) == std::vector<std::uint64_t>{2, 3, 4});
}

TEST_CASE("writers at once lose nothing, not even while it is rotated",
          "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  REQUIRE(append_run(place, record_of(1000)));
  RunRecord padding = record_of(1001);
  padding.method = std::string(2000, 'x');
  // It becomes full in the middle of it.
  std::string text;
  while (text.size() + 60'000 < kLargestRunsFile) text += to_json_line(padding);
  write_file(place.runs(), text);
  std::vector<std::thread> writers;
  std::atomic<int> failed{0};
  for (std::uint64_t writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::uint64_t i = 1; i <= 100; ++i)
        failed += !append_run(place, record_of(writer * 100 + i));
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(failed == 0);
  const RunHistory history = read_history(place).value();
  CHECK(history.notes.empty());
  std::vector<int> seen(401);
  for (const RunRecord& run : history.runs)
    if (run.workers <= 400) ++seen[run.workers];
  CHECK(std::count(seen.begin() + 1, seen.end(), 1) == 400);
  CHECK(std::filesystem::exists(place.folder + "/runs.old.jsonl"));
}

TEST_CASE("nothing but a file of the user's own is written or read", "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  REQUIRE(::mkdir(place.folder.c_str(), 0700) == 0);
  const std::string name = GENERATE("runs.jsonl", "runs.old.jsonl");
  const std::string file = place.folder + "/" + name;
  const auto refused = [&](const char* why) {
    CAPTURE(name, why);
    // The old one is in the way only once the current one is full.
    if (name != "runs.jsonl")
      write_file(place.runs(), std::string(kLargestRunsFile, '\n'));
    const auto written = append_run(place, record_of(1));
    REQUIRE_FALSE(written);
    CHECK_THAT(written.error().message, ContainsSubstring(file + why));
    const auto read = read_history(place);
    REQUIRE_FALSE(read);
    CHECK_THAT(read.error().message, ContainsSubstring(file + why));
  };
  SECTION("a FIFO, without waiting for its other end") {
    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    refused(": not a regular file");
    struct stat info {};
    CHECK((::lstat(file.c_str(), &info) == 0 && S_ISFIFO(info.st_mode)));
  }
  SECTION("a folder") {
    REQUIRE(::mkdir(file.c_str(), 0700) == 0);
    refused(": Is a directory");
  }
  SECTION("a symbolic link") {
    write_file(folder / "mine", "text\n");
    REQUIRE(::symlink((folder / "mine").c_str(), file.c_str()) == 0);
    refused(": is a symbolic link");
    CHECK(text_of(folder / "mine") == "text\n");
  }
  SECTION("another user's") {
    if (::geteuid() != 0) return;  // root alone can make one
    write_file(file, "text\n");
    REQUIRE(::chown(file.c_str(), 12345, 12345) == 0);
    refused(": belongs to another user");
    CHECK(text_of(file) == "text\n");
  }
}

TEST_CASE("nobody is given a home", "[runs]") {
  const Scratch folder;
  const std::string home = folder / "nonexistent";
  const StatePlace place = state_place(Environment({{"HOME", home}}));
  const auto written = append_run(place, record_of(1));
  REQUIRE_FALSE(written);
  CHECK_THAT(written.error().message, ContainsSubstring(home + ": "));
  CHECK(::access(home.c_str(), F_OK) != 0);
  REQUIRE(::mkdir(home.c_str(), 0700) == 0);
  CHECK(append_run(place, record_of(1)));
}

TEST_CASE("nothing is left in another user's folder", "[runs]") {
  if (::geteuid() != 0) return;  // root alone can make one
  const Scratch folder;
  const std::string home = folder / "home";
  REQUIRE(::mkdir(home.c_str(), 0755) == 0);
  REQUIRE(::chown(home.c_str(), 12345, 12345) == 0);
  const StatePlace place = state_place(Environment({{"HOME", home}}));
  const auto written = append_run(place, record_of(1));
  REQUIRE_FALSE(written);
  CHECK_THAT(written.error().message,
             ContainsSubstring(home + ": belongs to another user"));
  CHECK(std::filesystem::is_empty(home));
  // Unless it was named.
  CHECK(append_run({home + "/ci", true}, record_of(1)));
}

TEST_CASE("a limit on files is an error, and not the end", "[runs]") {
  const Scratch folder;
  const StatePlace place = place_in(folder);
  REQUIRE(append_run(place, record_of(1)));
  const auto size = std::filesystem::file_size(place.runs());
  const pid_t pid = ::fork();
  if (pid == 0) {
    const rlimit limit{size + 10, size + 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::_Exit(append_run(place, record_of(2)) ? 1 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
  CHECK(std::filesystem::file_size(place.runs()) == size);
}
