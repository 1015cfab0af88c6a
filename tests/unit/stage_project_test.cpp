// A project's file: which stages it has, one of them as a descriptor, and the
// part of the text that it is.

#include "catch.h"
#include "stage/parse.h"
#include "stage/project.h"

using namespace fitrun;

namespace {

const Environment kNothing(std::map<std::string, std::string>{});

constexpr const char* kText =
    "# The whole file.\n"
    "\n"
    "# Pages.\n"
    "# Many.\n"
    "[stages.html]\n"
    "want = 3\n"
    "[stages.html.ram]\n"
    "per_worker = \"1GB\"  # [stages.no]\n"
    "# Links.\n"
    "[stages.\"a b\".ram]\n"
    "per_worker = \"2GB\"\n";

std::vector<Diagnostic> mistakes(const std::string& text,
                                 const std::string& name) {
  const auto parsed =
      parse_project_stage(text, "p/fitrun.toml", name, kNothing);
  const auto* const found = std::get_if<std::vector<Diagnostic>>(&parsed);
  return found ? *found : std::vector<Diagnostic>{};
}

}  // namespace

TEST_CASE("a project's file is known by its [stages]", "[stage]") {
  CHECK(stage_names(kText) == std::vector<std::string>{"a b", "html"});
  CHECK(stage_names("[stages]\n") == std::vector<std::string>{});
  for (const char* text : {"", "[ram]\nfixed = 1\n", "stages = 3\n", "x = ["})
    CHECK(stage_names(text) == std::nullopt);
}

TEST_CASE("a stage of a project has what a descriptor has", "[stage]") {
  const auto parsed =
      parse_project_stage(kText, "p/fitrun.toml", "html", kNothing);
  const Stage& stage = std::get<Stage>(parsed);
  CHECK(stage.name == "html");
  CHECK(stage.label.value == "html");
  CHECK(stage.want.value == 3);
  CHECK(stage.want.origin == "p/fitrun.toml:6");
  CHECK(stage.pools.at(0).per_worker.at(0).origin == "p/fitrun.toml:8");
}

TEST_CASE("a project's mistakes stand at their places", "[stage]") {
  const auto key =
      mistakes("[stages.a]\nx = 1\n[stages.a.ram]\nfixed = 1\n", "a");
  REQUIRE(key.size() == 1);
  CHECK(key[0].line == 2);
  // What is about the whole stage is said at its head.
  const auto cost = mistakes("\n\n[stages.a]\nwant = 1\n", "a");
  REQUIRE(cost.size() == 1);
  CHECK(cost[0].line == 3);
  CHECK(mistakes("want = 1\n[stages.a.ram]\nfixed = 1\n", "a").size() == 1);
  CHECK(mistakes("[stages]\na = 1\n", "a").size() == 1);
}

TEST_CASE("a stage is a part of its project's text", "[stage]") {
  CHECK(text_of_stage(kText, "html") ==
        "# Pages.\n# Many.\n[stages.html]\nwant = 3\n[stages.html.ram]\n"
        "per_worker = \"1GB\"  # [stages.no]\n");
  CHECK(text_of_stage(kText, "a b") ==
        "# Links.\n[stages.\"a b\".ram]\nper_worker = \"2GB\"\n");
  // "html" is no beginning of "html5", and one line is a whole file.
  CHECK(text_of_stage("[stages.html5]\n[stages.html]\n", "html") ==
        "[stages.html]\n");
  const std::string other = "stages = { a = { want = 1 } }\n";
  CHECK(text_of_stage(other, "a") == other);
}
