// Targets with a tool: who says how many workers are wanted, what becomes of
// the command line and the environment, and whether the count arrives.

#include "base/text.h"
#include "catch.h"
#include "plan/inject.h"
#include "plan/log_lines.h"
#include "plan/makeflags.h"
#include "plan/plan.h"
#include "plan/target.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

using Strings = std::vector<std::string>;

Strings line(std::string_view text) {
  Strings out;
  for (const std::string_view word : words(text)) out.emplace_back(word);
  return out;
}

Target make(std::string_view command) {
  Tool tool;
  tool.commands = {{"make"}};
  tool.count = {"-j", "--jobs"};
  tool.cpus = {"", "N%"};
  tool.insert = {"-j<threads>"};
  tool.variables = {"MAKELEVELS", "MAKEFLAGS"};
  Target target;
  target.command = line(command);
  target.tool = tool;
  return target;
}

Target xargs(std::string_view command) {
  Target target = make(command);
  target.tool->commands = {{"xargs"}};
  target.tool->count = {"-P"};
  target.tool->cpus.clear();
  target.tool->insert.clear();
  target.tool->variables.clear();
  target.tool->stops_at_word = true;
  return target;
}

Target unknown(std::string_view command) {
  Target target;
  target.command = line(command);
  return target;
}

Plan planned(const Target& target) {
  PlanInput input;
  input.want = {3, ""};
  PoolInput pool;
  pool.per_worker = {1, {{1, "", "s.toml:3"}}};
  Constraint c;
  c.name = "host.mem_available";
  c.available = 100;
  pool.reading.constraints.push_back(c);
  input.pools = {pool};
  return make_plan(target, input).value();
}

std::string run(const Target& target) {
  std::string out;
  for (const std::string& word : planned(target).launch.command)
    out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string variable(const Target& target, std::string_view name) {
  for (const auto& [key, value] : planned(target).launch.changes.set)
    if (key == name) return value;
  return "none";
}

std::string missing(const Target& target) {
  return arrival_of(target, 3).missing;
}

// "16 by -j16" on 8 CPUs.
std::string asked(const Target& target) {
  const auto found = asked_workers(target);
  return std::to_string(workers_of(found.value, 8)) + " by " + found.origin;
}

Target with(Target target, std::string_view name, std::string_view value) {
  target.inherited.emplace(name, value);
  return target;
}

Target injecting(Target target, const char* name, const char* text) {
  target.stage.inject.push_back({name, text});
  return target;
}

}  // namespace

TEST_CASE("who says how many workers are wanted", "[plan][tool]") {
  Target target = with(make("make -j4 --jobs 16"), "MAKEFLAGS", "-j5");
  target.stage.want = {Want{6}, "FITRUN_WANT"};
  CHECK(asked(target) == "16 by --jobs 16");
  target.stage.want = {Want{7}, "--want"};
  CHECK(asked(target) == "7 by --want");
  target.stage.want = {Want{}, "--want"};
  CHECK(asked(target) == "8 by ");

  target.stage.want = {Want{6}, "FITRUN_WANT"};
  target.command = line("make all");
  CHECK(asked(target) == "5 by MAKEFLAGS");
  CHECK(asked(with(target, "MAKELEVELS", "9")) == "9 by MAKELEVELS");
  target.inherited.clear();
  CHECK(asked(target) == "6 by FITRUN_WANT");
  CHECK(asked(with(target, "MAKEFLAGS", "k")) == "6 by FITRUN_WANT");
  target.stage.want = {Want{2}, "s.toml:1"};
  CHECK(asked(target) == "2 by s.toml:1");
  target.stage.want = {Want{}, "default"};
  CHECK(asked(target) == "8 by ");

  CHECK(asked(make("make -j50%")) == "4 by -j50%");
  CHECK(asked(make("make -j")) == "8 by -j");
  // The user places the count: what stands beside it says nothing.
  CHECK(asked(make("make -j4 <threads>")) == "8 by ");
  CHECK(asked(make("make -j<threads>")) == "8 by ");
  Target as_is = make("make -j4 <threads>");
  as_is.as_is = true;
  CHECK(asked(as_is) == "4 by -j4");
  // Of a command that is not the tool's nothing is read.
  CHECK(asked(make("ninja -j4")) == "8 by ");
}

TEST_CASE("a tool's command line gets the count", "[plan][tool]") {
  CHECK(run(make("make -j16 all")) == "make -j3 all");
  CHECK(run(make("make all")) == "make -j3 all");
  CHECK(run(make("make -j16 <threads> {per_worker}")) == "make -j16 3 1");
  CHECK(run(make("make all {per_worker}")) == "make -j3 all 1");
  CHECK(run(xargs("xargs x")) == "xargs x");
  // A variable that says a number is overridden on the command line.
  Target by_variable = with(xargs("xargs x"), "XARGS", "8");
  by_variable.tool->variables = {"XARGS"};
  CHECK(run(by_variable) == "xargs -P3 x");
  CHECK(missing(by_variable).empty());
  by_variable.tool->count = {"--max-procs"};
  CHECK(run(by_variable) == "xargs --max-procs=3 x");
  Target one = make("make -1 all");
  one.tool->one = {"-1"};
  CHECK(run(one) == "make -1 all");
  CHECK(asked(one) == "1 by -1");
  CHECK(missing(one).empty());
  Target as_is = make("make -j16 <threads>");
  as_is.as_is = true;
  CHECK(run(as_is) == "make -j16 <threads>");
  as_is.command = line("make");
  CHECK(run(as_is) == "make");
  // A jobserver hands out the jobs; who asks for a number all the same gets it.
  const char* const outer = "ks -j8 --jobserver-auth=3,4";
  CHECK(run(with(make("make all"), "MAKEFLAGS", outer)) == "make all");
  CHECK(run(with(make("make -j9"), "MAKEFLAGS", outer)) == "make -j3");
  CHECK(run(with(make("make all"), "MAKEFLAGS", "k")) == "make -j3 all");
}

TEST_CASE("a descriptor's command takes arguments at its end", "[plan]") {
  CHECK(with_arguments({"a", "b", "..."}, {"c", "..."}) ==
        Strings{"a", "b", "c", "..."});
  CHECK(with_arguments({"a", "..."}, {}) == Strings{"a"});
  CHECK(with_arguments({"a", "b"}, {"c"}) == Strings{"c"});
  CHECK(with_arguments({"a", "b"}, {}) == Strings{"a", "b"});
  CHECK(with_arguments({"...", "b"}, {"c"}) == Strings{"c"});
  CHECK(with_arguments({}, {"c"}) == Strings{"c"});
}

TEST_CASE("MAKEFLAGS is added to", "[plan][tool]") {
  CHECK(add_makeflags("", "-j3") == " -j3");
  CHECK(add_makeflags("kn", "-j3") == "kn -j3");
  CHECK(add_makeflags("kn -j8 -Otarget", "-j3") == "kn -j8 -Otarget -j3");
  CHECK(add_makeflags("-j8", "-j3") == " -j8 -j3");
  CHECK(add_makeflags("n -- CC=gcc A=-j9", "-j3") == "n -j3 -- CC=gcc A=-j9");
  CHECK(add_makeflags(" -- CC=gcc", "s -j3 -- B=1") == " -s -j3 -- CC=gcc B=1");
  CHECK(add_makeflags("A=1", "-j3") == " A=1 -j3");
  const char* const outer = "w  -j8 --jobserver-fds=3,4 -- A=1";
  CHECK(add_makeflags(outer, "-j3") == outer);

  CHECK(jobserver_in(" -j8 --jobserver-auth=3,4 -k") == "3,4");
  CHECK(jobserver_in("--jobserver-fds=3,4 --jobserver-auth=fifo:/tmp/x") ==
        "fifo:/tmp/x");
  CHECK_FALSE(jobserver_in("-j8"));
  CHECK_FALSE(jobserver_in(" -- X=1 --jobserver-auth=2"));
  CHECK_FALSE(jobserver_in(""));

  const Target target =
      injecting(unknown("./build <threads>"), "MAKEFLAGS", "-j<threads>");
  CHECK(variable(target, "MAKEFLAGS") == "-j3");
  CHECK(variable(with(target, "MAKEFLAGS", "n -- A=1"), "MAKEFLAGS") ==
        "n -j3 -- A=1");
}

TEST_CASE("a template names the caller's own value", "[plan]") {
  const auto filled = [](const char* text) {
    return variable(
        with(injecting(unknown("x"), "V", text), "OPTS", "--a {threads} ${X}"),
        "V");
  };
  CHECK(filled("${OPTS} -t<threads>") == "--a {threads} ${X} -t3");
  CHECK(filled("{threads}${OPTS}{threads}") == "3--a {threads} ${X}3");
  CHECK(filled("${UNSET}x") == "x");
  CHECK(filled("$${OPTS} $${threads}") == "${OPTS} ${threads}");
  CHECK(filled("$OPTS ${} ${a b} ${1} ${OPTS") ==
        "$OPTS ${} ${a b} ${1} ${OPTS");
  CHECK(variables_in("${A}x$${B}${C}${d-e}") == Strings{"A", "C"});

  // Who places MAKEFLAGS gets it where it is placed.
  CHECK(variable(with(injecting(unknown("x"), "MAKEFLAGS",
                                "${MAKEFLAGS} -j<threads>"),
                      "MAKEFLAGS", "k"),
                 "MAKEFLAGS") == "k -j3");
}

TEST_CASE("what is nearly a placeholder is found", "[plan]") {
  CHECK(nearly_placeholder("-j<thread>") == "<thread>");
  CHECK(nearly_placeholder("{threads} {jobs}") == "{jobs}");
  CHECK(nearly_placeholder("<THREADS>") == "<THREADS>");
  for (const char* const good :
       {"<threads>", "{per_worker_mib}", "${jobs}", "{{jobs}}", "{}", "<file>",
        "{print}", "<input>", "<jobs", "{", ""})
    CHECK(nearly_placeholder(good).empty());
}

TEST_CASE("the variables that a plan depends on", "[plan]") {
  const Target target = injecting(injecting(make("make"), "V", "${A} $${B}"),
                                  "MAKEFLAGS", "-j<threads>");
  CHECK(inherited_names(target) == Strings{"MAKELEVELS", "MAKEFLAGS", "A",
                                           "MAKEFLAGS", "CARGO_MAKEFLAGS"});
  CHECK(inherited_names(unknown("x")).empty());
}

TEST_CASE("Cargo's jobserver is handed on to make", "[plan][tool]") {
  const auto in_build_script = [](Target target, const char* makeflags,
                                  const char* by_cargo) {
    target.inherited = {{"MAKEFLAGS", makeflags},
                        {"CARGO_MAKEFLAGS", by_cargo}};
    hand_on_cargos_jobserver(target);
    return target;
  };
  const char* const cargos = "-j --jobserver-fds=8,9 --jobserver-auth=8,9";
  Target target = in_build_script(make("make all"), "k -- A=1", cargos);
  CHECK(inherits_jobserver(target));
  CHECK(run(target) == "make all");
  CHECK(variable(target, "MAKEFLAGS") ==
        "k -j --jobserver-fds=8,9 --jobserver-auth=8,9 -- A=1");
  CHECK_THAT(arrival_of(target, 3).missing,
             ContainsSubstring("cargo around this command"));
  // With an [inject.env] it is the same.
  Target injected = injecting(unknown("x"), "MAKEFLAGS", "-j<threads>");
  CHECK(variable(in_build_script(injected, "", cargos), "MAKEFLAGS") ==
        " -j --jobserver-fds=8,9 --jobserver-auth=8,9");
  // The make around it is nearer than the Cargo around that.
  target = in_build_script(make("make"), " --jobserver-auth=3,4", cargos);
  CHECK(variable(target, "MAKEFLAGS") == "none");
  CHECK_FALSE(target.by_cargo);
  CHECK(inherits_jobserver(target));
  target = in_build_script(make("make"), "k", "-j8");
  CHECK_FALSE(inherits_jobserver(target));
  CHECK(variable(target, "MAKEFLAGS") == "none");
  Target cargo = make("make");
  cargo.tool->variables = {"CARGO_MAKEFLAGS", "MAKEFLAGS"};
  cargo = in_build_script(cargo, "k", cargos);
  CHECK(inherits_jobserver(cargo));
  CHECK(variable(cargo, "MAKEFLAGS") == "none");
}

TEST_CASE("a count that does not arrive is told, with what to write",
          "[plan][tool]") {
  for (const Target& good :
       {make("make"), make("make -j4"), make("make -j<threads>"),
        xargs("xargs -P 4 x"), xargs("xargs -P <threads> x"), unknown(""),
        unknown("./x <threads>"), unknown("sh -c make${FITRUN_THREADS}"),
        injecting(unknown("./x"), "T", "<threads>")})
    CHECK(missing(good).empty());

  CHECK(missing(make("make -j4 -j<threads>")) ==
        "\"-j4\" stands beside <threads>, and the command takes one of them: "
        "leave it out");
  Target as_is = make("make --jobs 4");
  as_is.as_is = true;
  CHECK(missing(as_is) ==
        "\"--jobs 4\" stays what it is, because of --as-is: without it the "
        "count that fits stands there");
  as_is.command = line("make");
  CHECK_THAT(missing(as_is), ContainsSubstring("is told no count"));
  CHECK(missing(make("make -j0")) ==
        "\"-j0\" says no number of workers that could be replaced: write -j N");
  CHECK(missing(xargs("xargs make -P3")) ==
        "\"xargs\" is told no count, and runs as many workers as it does by "
        "itself: say how many with -P N");

  // A variable that the tool does not read does not help it; nor does one that
  // a number on the command line wins over.
  CHECK_THAT(missing(injecting(xargs("xargs x"), "MAKEFLAGS", "-j<threads>")),
             ContainsSubstring("is told no count"));
  for (const char* const text :
       {"sh -c exec\tmake\t-j16", "nice make -j16", "./x --jobs=16 y",
        "./x -j 16", "./x --threads 16"}) {
    INFO(text);
    Target target = unknown(text);
    CHECK_THAT(missing(target), ContainsSubstring("16\" in the command is"));
    CHECK_FALSE(missing(injecting(target, "T", "<threads>")).empty());
  }
  CHECK_THAT(missing(unknown("./x -jobs --jobsx=3 --jobs x -j3x")),
             ContainsSubstring("the command is not told the count"));
  CHECK_FALSE(missing(injecting(unknown("./x"), "T", "1")).empty());
}

TEST_CASE("an outer make's jobs are no doubt", "[plan][tool]") {
  const Target target =
      with(make("make"), "MAKEFLAGS", " -j8 --jobserver-auth=3,4");
  CHECK(arrival_of(target, 3).by_jobserver);
  CHECK(log_lines(planned(target), LogLevel::warning).empty());
  CHECK_THAT(log_lines(planned(target), LogLevel::detail).back().text,
             ContainsSubstring("jobserver in MAKEFLAGS"));
}

TEST_CASE("a count that an outer make does not keep is said", "[plan][tool]") {
  Target target = with(make("make"), "MAKEFLAGS", " -j8 --jobserver-auth=3,4");
  Plan plan = planned(target);
  plan.reduced = true;
  const auto lines = log_lines(plan, LogLevel::warning);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0].text, ContainsSubstring("the make around this command"));
}
