#include "catch.h"
#include "stage/parse.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

std::variant<Stage, std::vector<Diagnostic>> parsed(const std::string& tool) {
  return parse_stage("[ram]\nper_worker = \"2GB\"\n[tool]\n" + tool,
                     "make.toml", Environment());
}

// The rendered mistakes without their source lines.
std::string mistakes(const std::string& tool) {
  const auto found = parsed(tool);
  const auto* const wrong = std::get_if<std::vector<Diagnostic>>(&found);
  return wrong ? render_diagnostics(*wrong, "make.toml", "") : "none";
}

}  // namespace

TEST_CASE("a [tool] table is read", "[stage][tool]") {
  const auto found = parsed(R"(
commands = ["make", "python3* -m  pytest"]
count = ["-j", "--jobs"]
cpus = ["", "auto", "N%"]
one = ["--serial"]
values = ["-I"]
kind = ["-C", "-f"]
kind_flags = ["-9", "--best"]
files = true
end = ["--"]
stops_at_word = true
insert = ["-j<threads>"]
variables = ["MAKEFLAGS"]
jobs = "workers"
fifo_jobserver = "1.13"
)");
  const auto* const stage = std::get_if<Stage>(&found);
  REQUIRE(stage);
  REQUIRE(stage->tool);
  const Tool& tool = *stage->tool;
  using Strings = std::vector<std::string>;
  CHECK(tool.commands ==
        std::vector<Strings>{{"make"}, {"python3*", "-m", "pytest"}});
  CHECK(tool.count == Strings{"-j", "--jobs"});
  CHECK(tool.cpus == Strings{"", "auto", "N%"});
  CHECK(tool.one == Strings{"--serial"});
  CHECK(tool.values == Strings{"-I"});
  CHECK(tool.kind == Strings{"-C", "-f"});
  CHECK(tool.end == Strings{"--"});
  CHECK(tool.stops_at_word);
  CHECK(tool.kind_flags == Strings{"-9", "--best"});
  CHECK(tool.files);
  CHECK(tool.insert == Strings{"-j<threads>"});
  CHECK(tool.variables == Strings{"MAKEFLAGS"});
  CHECK(tool.jobs == JobKind::workers);
  CHECK(tool.fifo_jobserver == "1.13");
}

TEST_CASE("a version is numbers with dots between them", "[stage][tool]") {
  for (const std::string no : {"", "1", "1.", ".1", "1..2", "v1.2", "1.2rc",
                               "1.2 ", "1.99999999999999999999"})
    CHECK(mistakes("commands = [\"x\"]\nfifo_jobserver = \"" + no + "\"") ==
          "make.toml:5:18: error: fifo_jobserver: \"" + no +
              "\" is no version, like \"1.13\"\n");
}

TEST_CASE("every mistake in a [tool] table is told at once", "[stage][tool]") {
  const std::string told = mistakes(R"(
comands = ["make"]
commands = ["make", " "]
count = ["j", "--jobs=", 3]
cpus = ["Nx"]
values = "-C"
insert = ["-j4"]
variables = ["A=b"]
stops_at_word = 1
jobs = "process"
)");
  for (const char* const part :
       {"unknown key \"comands\" in [tool]; did you mean \"commands\"?",
        "commands: \" \" is not the beginning of a command line",
        "count: \"j\" is not an option, like \"-j\" or \"--jobs\"",
        "count: \"--jobs=\" is not an option",
        "each word of count must be a string, not an integer",
        "cpus: \"Nx\" is not a word for the CPUs, nor N%, NC, +N or -N",
        "values must be an array of strings, not a string",
        "insert must say the count: <threads>",
        "variables: \"A=b\" is not the name of a variable",
        "stops_at_word must be true or false, not an integer",
        "jobs must be \"processes\", \"workers\" or \"threads\", not "
        "\"process\""})
    CHECK_THAT(told, ContainsSubstring(part));
  CHECK_THAT(mistakes("count = [\"-j\"]"),
             ContainsSubstring("[tool] needs commands"));
  CHECK(mistakes("commands = [\"x\"]") == "none");
}
