// The use cases without a command line: what was asked as a struct, the machine
// as a folder, the log as a list of lines.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.h"
#include "launch/decide.h"
#include "launch/run_stage.h"
#include "launch/target.h"
#include "machine_dir.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

// A machine with 10 GiB available, and whoever asks there.
struct Asked {
  MachineDir dir;
  LaunchOptions options;
  std::map<std::string, std::string> variables{{"FITRUN_LEASES", "off"}};
  std::vector<std::string> said;

  Asked() {
    dir.file("/proc/meminfo",
             "MemTotal: 16777216 kB\nMemAvailable: 10485760 "
             "kB\n")
        .file("/proc/self/status", "Pid:\t42\nCpus_allowed_list:\t0-15\n");
  }

  std::string stage(const std::string& text) {
    dir.file("/s.toml", text);
    options.stage = dir.root() + "/s.toml";
    return options.stage;
  }

  template <typename F>
  auto with(const F& f) {
    const Environment environment(variables);
    const Caller caller{
        environment,
        [this](LogLevel, const std::string& line) { said.push_back(line); },
        LogLevel::info};
    return f(Host(dir.root()), caller);
  }

  Plan decided() {
    return with([this](const Host& host, const Caller& caller) {
      const Target target = load_target(options, caller.environment);
      require_command(target);
      return decide(target, host, {}, caller);
    });
  }

  ExitStatus refused() {
    try {
      with([this](const Host& host, const Caller& caller) {
        run_stage(options, host, caller);
      });
    } catch (const Failure& failure) {
      said.emplace_back(failure.what());
      return failure.status;
    }
    return ExitStatus::ok;  // not reached: this process would be the command
  }
};

// What the process ends with that becomes the stage's command, and its output.
std::pair<int, std::string> became(Asked& asked) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::_exit(static_cast<int>(asked.refused()));
  }
  ::close(ends[1]);
  std::string out;
  char buffer[256];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out};
}

}  // namespace

TEST_CASE("a decision needs no command line", "[launch]") {
  Asked asked;
  asked.stage("[ram]\nper_worker = \"1GiB\"\n");
  asked.options.command = {"render", "<threads>"};
  const Plan plan = asked.decided();
  CHECK(plan.threads == 7);  // 10 GiB * 0.7
  CHECK(plan.want.value == 16);
  CHECK(plan.launch.command == std::vector<std::string>{"render", "7"});

  asked.options.wishes.want = Sourced<Want>{Want(3), "--want"};
  CHECK(asked.decided().threads == 3);
  asked.options.wishes.available = {{Pool::ram, {Bytes{4ULL << 30}, "here"}}};
  CHECK(asked.decided().threads == 2);  // 4 GiB * 0.7
}

TEST_CASE("costs can come from wishes alone", "[launch]") {
  Asked asked;
  CHECK_THROWS_WITH(asked.decided(),
                    ContainsSubstring("neither a command nor a cost"));
  asked.options.command = {"true"};
  asked.options.wishes.per_worker = {{Bytes{2ULL << 30}, "--per-worker"}};
  CHECK(asked.decided().threads == 3);
}

TEST_CASE("a command of which nothing is known is not limited", "[launch]") {
  Asked asked;
  asked.options.command = {"true"};
  asked.options.wishes.headroom = {0.5, "FITRUN_HEADROOM"};
  const Plan plan = asked.decided();
  CHECK(plan.threads == 16);
  CHECK_FALSE(plan.swapping);
  CHECK_THAT(log_lines(plan, LogLevel::info).front().text,
             ContainsSubstring("nothing limits it -> 16 worker(s)"));
}

TEST_CASE("a stage without a command has none to run", "[launch]") {
  Asked asked;
  const std::string file = asked.stage("[ram]\nper_worker = \"1GiB\"\n");
  CHECK_THROWS_WITH(asked.decided(), ContainsSubstring(file));
  asked.stage("command = [\"own\"]\n[ram]\nper_worker = \"1GiB\"\n");
  CHECK(asked.decided().launch.command.front() == "own");
  asked.options.command = {"asked"};
  CHECK(asked.decided().launch.command.front() == "asked");
}

TEST_CASE("a run becomes its command, and says why so many", "[launch]") {
  Asked asked;
  asked.stage("label = \"S\"\n[ram]\nper_worker = \"1GiB\"\n");
  asked.options.command = {"sh", "-c",
                           "echo <threads> $FITRUN_THREADS; exit 9"};
  CHECK(became(asked) == std::pair<int, std::string>{9, "7 7\n"});
}

TEST_CASE("where nothing fits a run may fail before it starts", "[launch]") {
  Asked asked;
  asked.stage("on_no_fit = \"fail\"\n[ram]\nper_worker = \"100GiB\"\n");
  asked.options.command = {"sh", "-c", "echo started"};
  CHECK(asked.refused() == ExitStatus::no_fit);
  // A worker is run all the same where nothing else is said.
  asked.stage("[ram]\nper_worker = \"100GiB\"\n");
  CHECK(became(asked) == std::pair<int, std::string>{0, "started\n"});
}

TEST_CASE("a command that is not there is an error of its own", "[launch]") {
  Asked asked;
  asked.stage("[ram]\nper_worker = \"1GiB\"\n");
  asked.options.command = {"no-such-command-here"};
  CHECK(asked.refused() == ExitStatus::not_found);
  CHECK(asked.said.back() == "no-such-command-here: command not found");
  CHECK_THAT(asked.said.front(), ContainsSubstring("-> 7 worker(s)"));
}

TEST_CASE("a caller hears nothing below what it asked for", "[launch]") {
  const Environment nothing;
  std::vector<std::string> heard;
  Caller caller{nothing, [&heard](LogLevel, const std::string& line) {
                  heard.push_back(line);
                }};
  const auto say_all = [&](LogLevel least) {
    heard.clear();
    caller.least = least;
    for (const LogLevel level :
         {LogLevel::detail, LogLevel::info, LogLevel::warning})
      caller.say(level, std::to_string(static_cast<int>(level)));
    return heard;
  };
  using Lines = std::vector<std::string>;
  CHECK(say_all(LogLevel::detail) == Lines{"0", "1", "2"});
  CHECK(say_all(LogLevel::info) == Lines{"1", "2"});
  CHECK(say_all(LogLevel::warning) == Lines{"2"});
}
