// What was typed, from words to options: no word is taken for what it is not.

#include "base/text.h"
#include "catch.h"
#include "cli/command_line.h"

using namespace fitrun;
using Words = std::vector<std::string>;

namespace {

const Environment kNothing(std::map<std::string, std::string>{});

// A machine with a few names.
WordKind kind(const std::string& word) {
  if (word.ends_with(".toml") || word == "-" || word == "3d-render")
    return WordKind::stage;
  if (word == "make" || word == "pytest") return WordKind::tool;
  if (word == "./x" || word == "ls" || word == "7z") return WordKind::command;
  return WordKind::nothing;
}

Options parsed(const Words& words, const Environment& environment = kNothing) {
  const Names names{kind, [] { return std::string("HERE"); },
                    [](const std::string& word, const auto& more) {
                      std::vector<std::string_view> near = more;
                      near.insert(near.end(), {"html", "make", "pytest"});
                      return std::string(did_you_mean(word, near));
                    }};
  return parse_options(words, environment, names);
}

std::string mistake(const Words& words,
                    const Environment& environment = kNothing) {
  try {
    parsed(words, environment);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "none";
}

std::uint64_t want(const Options& options) {
  return options.launch.wishes.want->value.value();
}

}  // namespace

TEST_CASE("options stand before the verb, the stage and behind it", "[cli]") {
  for (const Words& words :
       {Words{"--want", "8", "plan", "s.toml"},
        Words{"plan", "--want", "8", "s.toml"},
        Words{"plan", "s.toml", "--want=8"}, Words{"plan", "s.toml", "-w8"},
        Words{"-w", "8", "plan", "s.toml", "--"}}) {
    const Options options = parsed(words);
    CHECK(options.verb == Verb::plan);
    CHECK(options.launch.stage == "s.toml");
    CHECK(want(options) == 8);
    CHECK(options.launch.command.empty());
  }
}

TEST_CASE("the command is byte for byte what was typed", "[cli]") {
  const Words command{"./x", "--want", "[1,2]", "", "--", "-q", "plan", "a=b"};
  Words words{"-q", "s.toml", "--"};
  words.insert(words.end(), command.begin(), command.end());
  CHECK(parsed(words).launch.command == command);
  words.erase(words.begin() + 2);  // without "--": the second name begins it
  CHECK(parsed(words).launch.command == command);
  CHECK(parsed({"--per-worker", "1G", "--", "plan"}).launch.command ==
        Words{"plan"});
}

TEST_CASE("the first word says where the command begins", "[cli]") {
  struct Row {
    Words typed;
    Verb verb;
    std::string stage;
    Words command;
  };
  const Row rows[] = {
      {{"make", "-j16"}, Verb::run, "", {"make", "-j16"}},
      // "--" is the tool's own.
      {{"make", "--", "x"}, Verb::run, "", {"make", "--", "x"}},
      {{"-w4", "make", "-q"}, Verb::run, "", {"make", "-q"}},
      {{"--", "make"}, Verb::run, "", {"make"}},
      {{"./x", "plan"}, Verb::run, "", {"./x", "plan"}},
      {{"s.toml", "make", "-j4"}, Verb::run, "s.toml", {"make", "-j4"}},
      {{"-", "make"}, Verb::run, "-", {"make"}},
      {{"plan", "make", "-j16"}, Verb::plan, "", {"make", "-j16"}},
      {{"plan", "make"}, Verb::plan, "make", {}},
      {{"plan", "make", "--", "x"}, Verb::plan, "make", {"x"}},
      {{"plan", "ls"}, Verb::plan, "", {"ls"}},
      {{"measure", "make", "-j", "4"}, Verb::measure, "", {"make", "-j", "4"}},
      {{"history", "make", "--forget"}, Verb::history, "make", {}},
      {{"show", "make"}, Verb::show, "make", {}},
      {{"plan", "plan.toml", "plan"}, Verb::plan, "plan.toml", {"plan"}},
      {{"--wait", "7z", "a"}, Verb::run, "", {"7z", "a"}},
  };
  for (const Row& row : rows) {
    const Options options = parsed(row.typed);
    CAPTURE(row.typed);
    CHECK(options.verb == row.verb);
    CHECK(options.launch.stage == row.stage);
    CHECK(options.launch.command == row.command);
  }
  CHECK(parsed({"jobs", "500M"}).words == Words{"500M"});
  CHECK(parsed({"history", "make", "--forget"}).forget);
}

TEST_CASE("a tool is the stage of a request, which runs nothing", "[cli]") {
  const Options options =
      parsed({"request", "make", "--want", "16", "--for=slurm", "--", "make"});
  CHECK(options.verb == Verb::request);
  CHECK(options.launch.stage == "make");
  CHECK(options.launch.command == Words{"make"});
  CHECK(want(options) == 16);
  REQUIRE(options.scheduler);
  CHECK(options.scheduler->name == "slurm");
  CHECK(parsed({"request", "make"}).launch.stage == "make");
  // An option that is the tool's own begins its command, as behind plan.
  CHECK(parsed({"request", "make", "-j3"}).launch.command ==
        Words{"make", "-j3"});
  CHECK(parsed({"plan", "make", "--want", "16"}).launch.command ==
        Words{"make", "--want", "16"});
  CHECK(parsed({"request", "--format", "bytes", "s.toml"}).format ==
        Format::bytes);
  CHECK(mistake({"request", "make", "--for", "slurn"}).find("did you mean") !=
        std::string::npos);
  CHECK(mistake({"request", "make", "-j3", "--for", "slurm"}) ==
        "--for belongs before the command: fitrun request --for NAME make");
  CHECK(parsed({"request", "s.toml", "--", "a", "--for"}).launch.command ==
        Words{"a", "--for"});
  CHECK(mistake({"request", "--for"}) == "--for needs a value (see --help)");
  CHECK(mistake({"plan", "--for", "slurm", "s.toml"}) ==
        "unknown option \"--for\" of fitrun plan: it is one of fitrun request "
        "(see --help)");
}

TEST_CASE("a first word that is nothing is one error", "[cli]") {
  CHECK(mistake({"mke", "-j4"}) ==
        "\"mke\" is no stage, tool or program; did you mean make? (see fitrun "
        "list)");
  CHECK(mistake({"pln", "s.toml"}) ==
        "\"pln\" is no stage, tool or program; did you mean plan? (see fitrun "
        "list)");
  CHECK(mistake({"version"}).find("; did you mean --version?") !=
        std::string::npos);
  // No verb is meant behind a verb, and nothing is near.
  CHECK(mistake({"plan", "pln"}) ==
        "\"pln\" is no stage, tool or program (looked in HERE) (see fitrun "
        "list)");
  CHECK(mistake({"./nope"}) ==
        "./nope: no file that is a stage or a program (see --help)");
  CHECK(mistake({"CC=clang", "make"}) ==
        "\"CC=clang\" is no stage, tool or program; to set a variable put it "
        "before fitrun");
  CHECK(mistake({"--per-worker", "350", "MB", "--", "make"}) ==
        "\"MB\" is no stage, tool or program; a size is one word, like 350MB");
  CHECK(mistake({"run", "make"}) ==
        "fitrun runs a command without a verb: leave out \"run\"");
  CHECK(mistake({""}) == "STAGE is empty: give a descriptor's path");
  // Where the "--" is what is missing, or the order of the words.
  CHECK(
      mistake({"s.toml", "-x", "cmd"}) ==
      "unknown option \"-x\"; what is the command's belongs behind --: s.toml "
      "-- COMMAND -x (see --help)");
  CHECK(mistake({"-j4", "make"}) ==
        "unknown option \"-j4\"; an option of make belongs behind it: make -j4 "
        "(see --help)");
  // Only what is near is suggested.
  CHECK(mistake({"--json"}) == "unknown option \"--json\" (see --help)");
  CHECK(mistake({"list", "x"}) == "list: unexpected word \"x\" (see --help)");
  CHECK(mistake({"jobs", "1G", "2"}) ==
        "jobs: unexpected word \"2\" (see --help)");
}

TEST_CASE("a word before the command is checked before it is obeyed", "[cli]") {
  CHECK(mistake({"--dry-run", "--want", "4", "p.toml", "--", "x"}) ==
        "unknown option \"--dry-run\" (see --help)");
  CHECK(mistake({"--wnt", "3"}) ==
        "unknown option \"--wnt\"; did you mean --want? (see --help)");
  CHECK(mistake({"plan", "-q", "--label", "p.toml"}) ==
        "unknown option \"--quiet\" of fitrun plan: it is one of fitrun, "
        "fitrun measure, fitrun request (see --help)");
  CHECK(mistake({"-qx", "s.toml"}) == "unknown option \"-qx\" (see --help)");
  CHECK(mistake({"leases", "all"}) ==
        "leases: unexpected word \"all\" (see --help)");
  CHECK(mistake({"history", "s.toml", "more"}) ==
        "history: unexpected word \"more\" (see --help)");
}

TEST_CASE("a value is the option's own", "[cli]") {
  const Options label = parsed({"plan", "--label", "p.toml", "s.toml"});
  CHECK(label.launch.wishes.label->value == "p.toml");
  CHECK(label.launch.stage == "s.toml");
  // An empty value takes no word from behind it.
  CHECK(mistake({"--want=", "--", "true"}) ==
        "--want: not a worker count: \"\" (\"cpus\", or a number from 1 to "
        "4194304)");
  CHECK(mistake({"--want", "", "--", "true"}) ==
        "--want: not a worker count: \"\" (\"cpus\", or a number from 1 to "
        "4194304)");
  CHECK(mistake({"--want", "--", "true"}) ==
        "--want needs a value (see --help)");
  CHECK(mistake({"--fixed", "--per-worker", "1G", "--", "true"}) ==
        "--fixed needs a value (see --help)");
  CHECK(mistake({"s.toml", "-w"}) == "--want needs a value (see --help)");
  CHECK(mistake({"--want", "-3", "s.toml"}) ==
        "--want: not a worker count: \"-3\" (\"cpus\", or a number from 1 to "
        "4194304)");
  CHECK(mistake({"--quiet=yes", "s.toml"}) ==
        "--quiet takes no value (see --help)");
  // What a library would split in two.
  CHECK(parsed({"--label", "[a,b]", "s.toml"}).launch.wishes.label->value ==
        "[a,b]");
  CHECK(parsed({"--label=--x", "s.toml"}).launch.wishes.label->value == "--x");
}

TEST_CASE("of an option that is said twice the last one holds", "[cli]") {
  CHECK(want(parsed({"-w1", "--want", "2", "-w3", "s.toml"})) == 3);
  CHECK(parsed({"-q", "-v", "s.toml"}).verbosity == Verbosity::verbose);
  CHECK(parsed({"-vq", "s.toml"}).verbosity == Verbosity::quiet);
  const Options fixed = parsed({"--fixed", "1G", "--fixed=2G", "s.toml"});
  CHECK(fixed.launch.wishes.fixed.size() == 2);
}

TEST_CASE("a time behind --wait is one, and a stage is not", "[cli]") {
  const Options five = parsed({"--wait", "5m", "s.toml", "--", "x"});
  CHECK(five.launch.wait_timeout == std::chrono::minutes(5));
  CHECK(five.launch.stage == "s.toml");
  const Options none = parsed({"--wait", "s.toml", "--", "x"});
  CHECK_FALSE(none.launch.wait_timeout);
  CHECK(none.launch.wishes.on_no_fit->value == OnNoFit::wait);
  CHECK(parsed({"--wait=30", "s.toml"}).launch.wait_timeout ==
        std::chrono::seconds(30));
  CHECK(parsed({"--wait", "3d-render", "x"}).launch.stage == "3d-render");
  for (const char* word : {"5x", "5min"})
    CHECK(mistake({"--wait", word, "s.toml"})
              .starts_with("--wait: not a time: "));
}

TEST_CASE("a flag stands over its variable", "[cli]") {
  const Environment variables(
      {{"FITRUN_WANT", "5"}, {"FITRUN_LABEL", ""}, {"FITRUN_RESERVE", "1GB"}});
  const Options options = parsed({"--want", "6", "s.toml"}, variables);
  CHECK(want(options) == 6);
  CHECK(options.launch.wishes.want->origin == "--want");
  CHECK(options.launch.wishes.reserve->origin == "FITRUN_RESERVE");
  CHECK_FALSE(options.launch.wishes.label);
  CHECK(mistake({"s.toml"}, Environment(std::map<std::string, std::string>{
                                {"FITRUN_WANT", "x"}})) ==
        "FITRUN_WANT: not a worker count: \"x\" (\"cpus\", or a number from 1 "
        "to 4194304)");
}

TEST_CASE("check takes any number of stages", "[cli]") {
  CHECK(parsed({"check", "a", "b", "--", "-c"}).words == Words{"a", "b", "-c"});
}

TEST_CASE("options of one name are alike for all verbs", "[cli]") {
  for (const OptionRow& a : option_table()) {
    for (const OptionRow& b : option_table()) {
      if (long_name(a) != long_name(b)) continue;
      CHECK(takes(a) == takes(b));
      CHECK(short_name(a) == short_name(b));
      if (&a != &b) CHECK((a.verbs & b.verbs) == 0);
    }
  }
}

TEST_CASE("the format of a plan is known though the rest is wrong", "[cli]") {
  const auto asked = [](const Words& words) { return format_asked_for(words); };
  CHECK(asked({"plan", "--format", "threads", "--wnt"}) == Format::threads);
  CHECK(asked({"--wnt", "plan", "--format=shell"}) == Format::shell);
  CHECK(asked({"plan", "--format", "json"}) == Format::text);
  CHECK(asked({"plan", "s", "--", "--format", "threads"}) == Format::text);
  CHECK(asked({"leases", "--format", "threads"}) == Format::text);
  CHECK(asked({"--headroom", "x", "jobs", "1x"}) == Format::threads);
  CHECK(asked({"make", "jobs"}) == Format::text);
}
