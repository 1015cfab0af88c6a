#include "plan/plan.h"

#include "catch.h"
#include "plan/inject.h"
#include "plan/log_lines.h"
#include "plan/render_json.h"
#include "plan/render_text.h"
#include "plan/wishes.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

PoolInput pool(double fixed, double per_worker, std::uint64_t available,
               Pool which = Pool::ram) {
  PoolInput input;
  input.needs.pool = which;
  if (fixed > 0) input.fixed = {fixed, {{fixed, "", "s.toml:2"}}};
  if (per_worker > 0)
    input.per_worker = {per_worker, {{per_worker, "", "s.toml:3"}}};
  input.reading.pool = which;
  Constraint c;
  c.name = "host.mem_available";
  c.where = "/proc/meminfo";
  c.available = available;
  input.reading.constraints.push_back(c);
  return input;
}

Stage html() {
  Stage stage;
  stage.label = {"HTML", "s.toml:1"};
  stage.inject = {{"RENDER_THREADS", "<threads>"}};
  return stage;
}

Plan plan(std::vector<PoolInput> pools, std::uint64_t want,
          const std::vector<std::string>& command = {"./render", "--jobs",
                                                     "<threads>"}) {
  return make_plan({html(), command}, {{want, "--want"}, std::move(pools)})
      .value();
}

std::vector<std::string> texts(const Plan& made, LogLevel least) {
  std::vector<std::string> out;
  for (const LogLine& line : log_lines(made, least)) out.push_back(line.text);
  return out;
}

}  // namespace

TEST_CASE("the log lines are the original's", "[plan]") {
  // 24.4e9 * 0.7 = 17.08e9; (17.08e9 - 2.1e9) / 3.5e9 = 4.28
  CHECK(texts(plan({pool(2.1e9, 3.5e9, 24'400'000'000)}, 8), LogLevel::info) ==
        std::vector<std::string>{
            "[budget:HTML] RAM free 24.4 GB, budget 17.1 GB; fixed 2.1 GB + 4 "
            "x 3.5 GB/worker -> 4 worker(s)",
            "[budget:HTML] reduced workers 8 -> 4 to stay out of swap"});
  CHECK(texts(plan({pool(210e9, 3.5e9, 24'400'000'000)}, 8), LogLevel::info) ==
        std::vector<std::string>{
            "[budget:HTML] RAM free 24.4 GB, budget 17.1 GB; fixed 210.0 GB + "
            "1 x 3.5 GB/worker -> 1 worker(s)",
            "[budget:HTML] the shared data (210.0 GB) does not fit the RAM "
            "budget (17.1 GB) -- running at 1 worker and relying on SWAP. "
            "Shrink the shared data (shard/cap/stream it) or accept the "
            "slowdown."});
}

TEST_CASE("a single worker that does not fit is not the shared data's fault",
          "[plan]") {
  const auto warning = [](const PoolInput& input, std::uint64_t want = 8) {
    const auto lines = texts(plan({input}, want), LogLevel::warning);
    REQUIRE(lines.size() == 1);
    return lines[0];
  };
  // 4e9 * 0.7 = 2.8e9
  PoolInput alone = pool(0, 3e9, 4'000'000'000);
  CHECK(warning(alone) ==
        "[budget:HTML] a single worker (3.0 GB) does not fit the RAM budget "
        "(2.8 GB) -- running at 1 worker all the same, which may end for lack "
        "of memory. Shrink the worker.");
  alone.reading.swap = 1;
  CHECK(warning(alone) ==
        "[budget:HTML] a single worker (3.0 GB) does not fit the RAM budget "
        "(2.8 GB) -- running at 1 worker all the same and relying on swap. "
        "Shrink the worker or accept the slowdown.");
  CHECK(warning(pool(1e9, 2e9, 4'000'000'000)) ==
        "[budget:HTML] a single worker (2.0 GB) does not fit the RAM budget "
        "(2.8 GB) beside the shared data (1.0 GB) -- running at 1 worker all "
        "the same, which may end for lack of memory. Shrink the worker.");
  // more in reserve than there is: no shared data here either
  PoolInput reserved = pool(0, 1e9, 4'000'000'000);
  reserved.needs.reserve = {Bytes{3'000'000'000}, "--reserve"};
  CHECK_THAT(warning(reserved), ContainsSubstring("a single worker (1.0 GB)"));
  // GPUs do not swap, whatever the machine does
  CHECK_THAT(warning(pool(0, 3e9, 4'000'000'000, Pool::vram)),
             ContainsSubstring("the VRAM budget (2.8 GB) -- running at 1 "
                               "worker all the same, which may"));
}

TEST_CASE("workers that cost nothing all run, and it is said", "[plan]") {
  // 4e9 * 0.7 = 2.8e9 < 3e9
  CHECK(texts(plan({pool(3e9, 0, 4'000'000'000)}, 8), LogLevel::warning) ==
        std::vector<std::string>{
            "[budget:HTML] the shared data (3.0 GB) does not fit the RAM "
            "budget (2.8 GB) -- running at 1 worker and relying on SWAP. "
            "Shrink the shared data (shard/cap/stream it) or accept the "
            "slowdown.",
            "[budget:HTML] workers cost nothing beyond the shared data: all 8 "
            "of them run"});
}

TEST_CASE("quiet keeps the warnings and nothing else", "[plan]") {
  CHECK(texts(plan({pool(0, 3.5e9, 24'400'000'000)}, 8), LogLevel::warning)
            .empty());
  CHECK(texts(plan({pool(210e9, 0, 24'400'000'000)}, 1), LogLevel::warning)
            .size() == 1);
}

TEST_CASE("verbose adds what each source says", "[plan]") {
  PoolInput input = pool(0, 1e9, 4'000'000'000);
  Constraint silent;
  silent.name = "cgroup2.memory.max";
  silent.where = "/x";
  silent.reason = "max";
  input.reading.constraints.push_back(silent);
  const auto lines = texts(plan({input}, 2), LogLevel::detail);
  CHECK(lines.at(0) ==
        "[budget:HTML] host.mem_available (/proc/meminfo) gives 4.0 GB");
  CHECK(lines.at(1) == "[budget:HTML] cgroup2.memory.max (/x) is silent: max");
}

TEST_CASE("a command that is not told the count is told of", "[plan]") {
  Stage stage = html();
  stage.inject.clear();
  const auto warnings = [&](const std::vector<std::string>& command) {
    return log_lines(make_plan({stage, command}, {{2, ""}, {pool(0, 1, 100)}})
                         .value(),
                     LogLevel::warning)
        .size();
  };
  CHECK(warnings({"make"}) == 1);
  CHECK(warnings({"make", "-j{threads}"}) == 0);
  CHECK(warnings({"sh", "-c", "make -j$FITRUN_THREADS"}) == 0);
  CHECK(warnings({}) == 0);
}

TEST_CASE("the tightest pool sets the number", "[plan]") {
  const Plan both = plan({pool(0, 10, 100), pool(0, 20, 100, Pool::vram)}, 8);
  CHECK(both.threads == 3);  // floor(70 / 20)
  CHECK(both.limited_by == "vram");
  CHECK(both.reduced);
  CHECK(both.pools[0].fit.threads == 7);

  CHECK(plan({pool(0, 10, 100)}, 7).limited_by == "want");
  CHECK(plan({pool(0, 10, 100)}, 8).limited_by == "ram");
  // one worker was wanted and does not fit: the pool is what limits
  CHECK(plan({pool(0, 80, 100)}, 1).limited_by == "ram");
  CHECK(plan({pool(0, 80, 100)}, 1).swapping);
  CHECK_FALSE(plan({pool(0, 80, 100)}, 1).reduced);
  CHECK(plan({pool(0, 70, 100), pool(0, 80, 100, Pool::vram)}, 1).limited_by ==
        "vram");
}

TEST_CASE("a cap on processes sets the number where it is the smaller",
          "[plan]") {
  const auto capped = [](std::uint64_t workers, double per_worker) {
    return make_plan({html(), {"./render", "<threads>"}},
                     {{8, "--want"},
                      {pool(0, per_worker, 100)},
                      {{"cgroup2.pids.max", "/x", 9, 4, workers, ""}}})
        .value();
  };
  const Plan made = capped(5, 10);
  CHECK(made.threads == 5);
  CHECK(made.reduced);
  CHECK(made.limited_by == "cgroup2.pids.max");
  CHECK(made.launch.command.at(1) == "5");
  CHECK(texts(made, LogLevel::info).at(1) ==
        "[budget:HTML] reduced workers 8 -> 5: cgroup2.pids.max (/x) allows 9 "
        "processes, 4 are there");
  CHECK(capped(5, 20).limited_by == "ram");  // floor(70 / 20) = 3
  CHECK(capped(9, 1).limited_by == "want");
}

TEST_CASE("what binds is said where it is not the host", "[plan]") {
  PoolInput input = pool(0, 1e9, 2'800'000'000);
  Constraint& c = input.reading.constraints[0];
  c.name = "cgroup2.memory.max";
  c.file = "memory.max";
  c.level = "/system.slice/ci.service";
  c.limit = 4'000'000'000;
  c.used = 1'200'000'000;
  CHECK(texts(plan({input}, 1), LogLevel::info).at(1) ==
        "[budget:HTML] RAM is limited by memory.max of "
        "/system.slice/ci.service (limit 4.0 GB, used 1.2 GB)");
  input.reading.constraints[0].limit = 4ULL << 30;
  CHECK_THAT(texts(plan({input}, 1), LogLevel::info).at(1),
             ContainsSubstring("(limit 4 GiB, used 1.2 GB)"));
}

TEST_CASE("a worker larger than a process may be is warned about", "[plan]") {
  PoolInput input = pool(3e9, 1e9, 24'000'000'000);
  input.reading.per_process_cap = ProcessCap{"rlimit.as", 2'000'000'000};
  CHECK(texts(plan({input}, 1), LogLevel::warning).at(0) ==
        "[budget:HTML] the shared data (3.0 GB) is larger than one process may "
        "be: rlimit.as is 2.0 GB");
  input.per_worker.bytes = 2.5e9;
  CHECK(texts(plan({input}, 1), LogLevel::warning).at(0) ==
        "[budget:HTML] a worker (2.5 GB) is larger than one process may be: "
        "rlimit.as is 2.0 GB");
  input.reading.per_process_cap->bytes = 3'000'000'000;
  CHECK(texts(plan({input}, 1), LogLevel::warning).empty());
}

TEST_CASE("memory pressure is warned about", "[plan]") {
  const auto pressed = [](double percent) {
    return texts(make_plan({html(), {"x", "<threads>"}},
                           {{1, ""},
                            {pool(0, 10, 100)},
                            {},
                            Pressure{"/proc/pressure/memory", percent}})
                     .value(),
                 LogLevel::warning);
  };
  CHECK(pressed(5).empty());
  CHECK(pressed(7.6).at(0) ==
        "[budget:HTML] memory is short right now: for 8 % of the last 10 s "
        "nothing could run for want of it (/proc/pressure/memory)");
}

TEST_CASE("a pool that nobody knows is an error with the way out", "[plan]") {
  PoolInput input = pool(0, 10, 100);
  input.reading.constraints[0].available.reset();
  input.reading.constraints[0].reason = "no MemAvailable line";
  const auto made = make_plan({html(), {}}, {{1, ""}, {input}});
  REQUIRE_FALSE(made);
  CHECK(made.error().message ==
        "cannot measure the free RAM (host.mem_available: no MemAvailable "
        "line); give it with --available ram=SIZE, or a command that prints it "
        "with probe in [ram]");
}

TEST_CASE("placeholders are filled in once and only where they are known",
          "[plan]") {
  const Placeholders v{4, 2'100'000'000, 3'500'000'000, 17'080'000'000,
                       24'400'000'000};
  CHECK(fill_in("-j<threads>", v) == "-j4");
  CHECK(fill_in("<per_worker_mib>", v) == "3337");
  // Of what nothing closes only so much is searched as a name is long.
  const std::string open(1'000'000, '<');
  CHECK(fill_in(open + "threads>", v) == open.substr(1) + "4");
  CHECK(fill_in("{threads}{threads}", v) == "44");
  CHECK(fill_in("--mem={per_worker_mib}m", v) == "--mem=3337m");  // 3337.86
  CHECK(fill_in("<fixed> <per_worker> <budget> <available>", v) ==
        "2100000000 3500000000 17080000000 24400000000");
  for (const char* same :
       {"<thread>", "{threads>", "<threads", "<>", "{}", "<threads_mib>",
        "< threads>", "<THREADS>", "$<", "<<thread>>", "{{x}}", "{{}}"})
    CHECK(fill_in(same, v) == same);
  CHECK(fill_in("{a<threads>b}", v) == "{a4b}");
}

TEST_CASE("a shell's own variable is no placeholder", "[plan]") {
  const Placeholders v{4, 0, 0, 0, 0};
  for (const char* same :
       {"threads=4; make -j${threads}", "$<threads>", "$$ ${fixed} ${threads}x",
        "${{threads}", "${{threads}}"})
    CHECK(fill_in(same, v) == same);
  CHECK(fill_in("$ {threads}", v) == "$ 4");
  CHECK(fill_in("${threads}{threads}", v) == "${threads}4");
}

TEST_CASE("a doubled placeholder stands for itself", "[plan]") {
  const Placeholders v{4, 1 << 20, 0, 0, 0};
  CHECK(fill_in("<<threads>>", v) == "<threads>");
  CHECK(fill_in("{{threads}}", v) == "{threads}");
  CHECK(fill_in("{{fixed_mib}}={fixed_mib}", v) == "{fixed_mib}=1");
  // Not doubled at both ends: it holds one.
  CHECK(fill_in("<<threads>", v) == "<4");
  CHECK(fill_in("{threads}}", v) == "4}");
}

TEST_CASE("the command and its environment get the count", "[plan]") {
  const Plan made = plan({pool(0, 10, 100)}, 3);
  CHECK(made.launch.command ==
        std::vector<std::string>{"./render", "--jobs", "3"});
  using Variables = std::vector<std::pair<std::string, std::string>>;
  CHECK(made.launch.changes.set ==
        Variables{{"FITRUN_THREADS", "3"}, {"RENDER_THREADS", "3"}});
}

TEST_CASE("as it is, nothing is replaced in a command", "[plan]") {
  PlanInput input;
  input.want = {3, "--want"};
  input.pools = {pool(0, 10, 100)};
  Target target{html(), {"./render", "<threads>", "{{threads}}"}};
  target.as_is = true;
  const Plan made = make_plan(target, input).value();
  CHECK(made.launch.command == target.command);
  const Launch five = launch_with(made, target, 5, "in").value();
  CHECK(five.command == target.command);
  // The stage's own templates are not the command's.
  CHECK(made.launch.changes.set.back() ==
        std::pair<std::string, std::string>{"RENDER_THREADS", "3"});
}

TEST_CASE("the same launch can be had with another count", "[plan]") {
  const Plan made = plan({pool(0, 10, 100)}, 3);
  const Target target{html(), {"./render", "{threads}", "<input>"}};
  const Launch two = launch_with(made, target, 2, "").value();
  CHECK(two.command == std::vector<std::string>{"./render", "2", "<input>"});
  CHECK(two.changes.set.size() == 2);
  CHECK(two.changes.set[0].second == "2");
  CHECK(two.changes.set[1].second == "2");
  const Launch over = launch_with(made, target, 5, "a <b>").value();
  CHECK(over.command == std::vector<std::string>{"./render", "5", "a <b>"});
  CHECK(over.changes.set[1] ==
        std::pair<std::string, std::string>{"FITRUN_INPUT", "a <b>"});
}

TEST_CASE("what is to be measured may say nothing of its cost", "[plan]") {
  CHECK_FALSE(apply_wishes({}, {}));
  const Stage made = apply_wishes({}, {}, CostRule::optional).value();
  REQUIRE(made.pools.size() == 1);
  CHECK(made.pools[0].pool == Pool::ram);
}

TEST_CASE("wishes replace what the descriptor says", "[plan]") {
  Stage stage = html();
  PoolNeeds ram;
  ram.fixed = {{Bytes{5}, "s.toml:2"}};
  ram.per_worker = {{Bytes{7}, "s.toml:3"}};
  stage.pools = {ram};

  Wishes wishes;
  wishes.per_worker = {{Bytes{9}, "--per-worker"}};
  wishes.headroom = Sourced<double>{0.9, "FITRUN_HEADROOM"};
  wishes.available = {{Pool::ram, {Bytes{100}, "--available"}},
                      {Pool::vram, {Bytes{100}, "--available"}}};
  const Stage made = apply_wishes(stage, wishes).value();
  REQUIRE(made.pools.size() == 1);
  CHECK(std::get<Bytes>(made.pools[0].fixed.at(0).amount) == Bytes{5});
  CHECK(std::get<Bytes>(made.pools[0].per_worker.at(0).amount) == Bytes{9});
  CHECK(made.pools[0].headroom.origin == "FITRUN_HEADROOM");
  CHECK(made.pools[0].available->value == Bytes{100});

  // a cost in a pool of its own
  wishes.pool = Sourced<Pool>{Pool::vram, "--pool"};
  CHECK(apply_wishes(stage, wishes).value().pools.at(1).pool == Pool::vram);
  // no cost in it
  wishes.per_worker.clear();
  CHECK_THAT(apply_wishes(stage, wishes).error().message,
             ContainsSubstring("the stage has no cost in vram"));
  // two pools, and it is not said which
  PoolNeeds vram = ram;
  vram.pool = Pool::vram;
  stage.pools.push_back(vram);
  wishes.pool.reset();
  CHECK_THAT(apply_wishes(stage, wishes).error().message,
             ContainsSubstring("FITRUN_HEADROOM: this stage has costs in RAM "
                               "and in VRAM; say with --pool"));
  // nothing at all
  CHECK_THAT(apply_wishes(Stage{}, Wishes{}).error().message,
             ContainsSubstring("a STAGE, or --per-worker SIZE"));
}

TEST_CASE("a shell reads the plan back", "[plan]") {
  Plan made = plan({pool(0, 10, 100)}, 3);
  made.launch.changes.set.emplace_back("WITH SPACE", "1");
  made.launch.changes.set.emplace_back("QUOTED", "it's");
  CHECK(render_shell(made) ==
        "FITRUN_THREADS=3\nFITRUN_REDUCED=0\nFITRUN_SWAPPING=0\n"
        "FITRUN_LIMITED_BY=want\nRENDER_THREADS=3\nQUOTED='it'\\''s'\n");
}

TEST_CASE("a path that is not UTF-8 still gives JSON", "[plan]") {
  Plan made = plan({pool(0, 10, 100)}, 3);
  made.stage = "\xff";
  CHECK_THAT(render_json(made),
             ContainsSubstring("\"stage\": \"\xef\xbf\xbd\""));
}

TEST_CASE("the text shows each number with its origin", "[plan]") {
  PoolInput input = pool(2.1e9, 3.5e9, 24'400'000'000);
  input.reading.constraints[0].limit = 33'500'000'000;
  const std::string text = render_text(plan({input}, 8), {});
  CHECK_THAT(text, ContainsSubstring("HTML: 4 workers (8 wanted), limited by "
                                     "RAM\n"));
  CHECK_THAT(text, ContainsSubstring("24.4 GB  available     "
                                     "host.mem_available, /proc/meminfo\n"));
  CHECK_THAT(text, ContainsSubstring("17.1 GB  budget        x 0.7 headroom "
                                     "(default)\n"));
  CHECK_THAT(text, ContainsSubstring("2.1 GB  fixed         s.toml:2\n"));
  CHECK_THAT(text, ContainsSubstring("3.5 GB  per worker    s.toml:3\n"));
  CHECK_THAT(text, ContainsSubstring("runs  ./render --jobs 4    with "
                                     "RENDER_THREADS=4\n"));
  CHECK_THAT(text, ContainsSubstring("= fixed 2.1 GB   - 4 workers, 14.0 GB   "
                                     "left 980 MB"));
}

TEST_CASE("costs are shown as they were written, above the bar and below it",
          "[plan]") {
  const std::string text =
      render_text(plan({pool(0, 1ULL << 30, 10'000'000'000)}, 2), {});
  CHECK_THAT(text, ContainsSubstring("1 GiB  per worker"));
  CHECK_THAT(text, ContainsSubstring("- 2 workers, 2 GiB"));
}

TEST_CASE("the text says by how much one worker is too many", "[plan]") {
  const std::string text =
      render_text(plan({pool(0, 30e9, 24'000'000'000)}, 8), {});
  CHECK_THAT(text, ContainsSubstring("HTML: 1 worker (8 wanted), and even one "
                                     "does not fit\n"));
  CHECK_THAT(text, ContainsSubstring("! over by 6.0 GB"));
}

TEST_CASE("colours and line drawing only where they are asked for", "[plan]") {
  const Plan made = plan({pool(1e9, 3.5e9, 24'400'000'000)}, 8);
  CHECK(render_text(made, {}).find('\x1b') == std::string::npos);
  CHECK_THAT(render_text(made, {true, false}), ContainsSubstring("\x1b[1m"));
  CHECK_THAT(render_text(made, {false, true}), ContainsSubstring("\u2591"));
}
