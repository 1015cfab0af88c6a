#include "catch.h"
#include "stage/parse.h"

using namespace fitrun;

namespace {

const Environment kEnvironment(std::map<std::string, std::string>{
    {"MODEL_DIR", "/models"}, {"EMPTY", ""}});

Stage good(std::string_view text) {
  auto parsed = parse_stage(text, "stages/html.toml", kEnvironment);
  if (const auto* const mistakes =
          std::get_if<std::vector<Diagnostic>>(&parsed))
    FAIL(render_diagnostics(*mistakes, "stages/html.toml", text));
  return std::get<Stage>(std::move(parsed));
}

// The rendered mistakes without their source lines.
std::string mistakes(std::string_view text) {
  auto parsed = parse_stage(text, "s.toml", kEnvironment);
  const auto* const found = std::get_if<std::vector<Diagnostic>>(&parsed);
  return found ? render_diagnostics(*found, "s.toml", "") : "none";
}

std::string in_ram(const std::string& line) {
  return mistakes("[ram]\nfixed = 0\n" + line);
}

}  // namespace

TEST_CASE("a whole descriptor is read with its origins", "[stage]") {
  const Stage stage = good(R"(label     = "HTML"
want      = 8
command   = ["./render", "--jobs", "<threads>"]
on_no_fit = "wait"

[ram]
headroom   = 0.5
reserve    = "1GB"
fixed      = ["64MB", { file = "../cache/pages.json", parse_factor = 6.0 }]
per_worker = 350000000

[vram]
fixed         = { file = "${MODEL_DIR}/sd${EMPTY}.bin", missing = "zero" }
probe         = ["./vram-free", "0"]
probe_timeout = "1.5s"

[inject.env]
RENDER_THREADS = "<threads>"
)");
  CHECK(stage.file == "stages/html.toml");
  CHECK(stage.label.value == "HTML");
  CHECK(stage.label.origin == "stages/html.toml:1");
  CHECK(stage.want.value == Want{8});
  CHECK(stage.want.origin == "stages/html.toml:2");
  CHECK(stage.command ==
        std::vector<std::string>{"./render", "--jobs", "<threads>"});
  CHECK(stage.on_no_fit.value == OnNoFit::wait);
  REQUIRE(stage.pools.size() == 2);

  const PoolNeeds& ram = stage.pools[0];
  CHECK(ram.pool == Pool::ram);
  CHECK(ram.headroom.value == 0.5);
  CHECK(ram.headroom.origin == "stages/html.toml:7");
  CHECK(ram.reserve.value == Bytes{1'000'000'000});
  REQUIRE(ram.fixed.size() == 2);
  CHECK(std::get<Bytes>(ram.fixed[0].amount) == Bytes{64'000'000});
  const auto& file = std::get<FileCost>(ram.fixed[1].amount);
  CHECK(file.file == "../cache/pages.json");
  CHECK(file.path == "stages/../cache/pages.json");
  CHECK(file.parse_factor == 6.0);
  CHECK(file.missing == Missing::error);
  CHECK(ram.fixed[1].origin == "stages/html.toml:9");
  CHECK(std::get<Bytes>(ram.per_worker.at(0).amount) == Bytes{350'000'000});

  const PoolNeeds& vram = stage.pools[1];
  const auto& model = std::get<FileCost>(vram.fixed.at(0).amount);
  CHECK(model.path == "/models/sd.bin");
  CHECK(model.parse_factor == 1.0);
  CHECK(model.missing == Missing::zero);
  CHECK(vram.per_worker.empty());
  CHECK(vram.probe == std::vector<std::string>{"./vram-free", "0"});
  CHECK(vram.probe_timeout == std::chrono::milliseconds(1500));

  REQUIRE(stage.inject.size() == 1);
  CHECK(stage.inject[0].name == "RENDER_THREADS");
  CHECK(stage.inject[0].text == "<threads>");
}

TEST_CASE("all but one cost is optional", "[stage]") {
  const Stage stage = good("[ram]\nper_worker = \"2G\"\n");
  CHECK(stage.label.value == "html");
  CHECK_FALSE(stage.want.value);
  CHECK(stage.command.empty());
  CHECK(stage.on_no_fit.value == OnNoFit::run_one);
  CHECK(stage.pools.at(0).headroom.value == 0.7);
  CHECK(stage.pools[0].headroom.origin == "default");
  CHECK(stage.pools[0].probe_timeout == std::chrono::seconds(10));
}

TEST_CASE("what a value may be", "[stage]") {
  CHECK_FALSE(good("want = \"cpus\"\n[ram]\nfixed = 0").want.value);
  CHECK(good("[ram]\nheadroom = 1\nfixed = 0").pools[0].headroom.value == 1);
  CHECK(good("[ram]\nfixed = 0\nprobe_timeout = 0.25").pools[0].probe_timeout ==
        std::chrono::milliseconds(250));
  CHECK(good("\xef\xbb\xbf[ram]\nfixed = 0").pools.size() == 1);
}

TEST_CASE("every mistake is found in one go", "[stage]") {
  CHECK(mistakes("lable = 3\nwant = -3\n[ram]\nheadrom = 1\nheadroom = 1.5\n"
                 "per_worker = \"9Mxyz\"\n") ==
        "s.toml:1:1: error: unknown key \"lable\"; did you mean \"label\"?\n"
        "s.toml:2:8: error: not a worker count: \"-3\" (\"cpus\", or a number "
        "from 1 to 4194304)\n"
        "s.toml:4:1: error: unknown key \"headrom\" in [ram]; did you mean "
        "\"headroom\"?\n"
        "s.toml:5:12: error: headroom must be above 0 and at most 1: it is the "
        "share of the free memory to plan with\n"
        "s.toml:6:14: error: not a size: \"9Mxyz\" (the unit must be B, KB, "
        "MB, GB, TB, KiB, MiB, GiB, TiB, or K, M, G, T for the binary "
        "ones)\n");
}

TEST_CASE("each wrong value has its own reason", "[stage]") {
  const auto [line, message] = GENERATE(table<std::string, std::string>({
      {"headroom = 0", "headroom must be above 0"},
      {"headroom = -1", "headroom must be above 0"},
      {"headroom = nan", "headroom must be above 0"},
      {"headroom = \"half\"", "headroom must be a number, not a string"},
      {"reserve = -1", "reserve must not be negative"},
      {"reserve = 1.5", "reserve must be a size like"},
      {"reserve = [1]", "not an array"},
      {"per_worker = [[1]]", "must not hold arrays in an array"},
      {"per_worker = true", "not a boolean"},
      {"per_worker = 2020-01-01", "not a date or time"},
      {"per_worker = \"nan\"", "not a size: \"nan\""},
      {"per_worker = \"1e400GB\"", "not a size: \"1e400GB\""},
      {"per_worker = \"-5MB\"", "it must not be negative"},
      {"per_worker = \"99999999999TB\"", "too large"},
      {"per_worker = {}", "a cost table needs a \"file\""},
      {"per_worker = {file = \"\"}", "file must not be empty"},
      {"per_worker = {file = 3}", "file must be a string"},
      {"per_worker = {file = \"a\", parse_factor = 0}",
       "parse_factor must be above 0"},
      {"per_worker = {file = \"a\", parse_factor = inf}",
       "parse_factor must be above 0"},
      {"per_worker = {file = \"a\", missing = \"no\"}",
       "missing must be \"error\" or \"zero\", not \"no\""},
      {"per_worker = {file = \"${NOPE}\"}",
       "the environment variable \"NOPE\" is not set"},
      {"per_worker = {file = \"${NOPE\"}", "without a closing"},
      {"probe = []", "probe must not be empty"},
      {"probe = [\"\"]", "must begin with the name of a program"},
      {"probe = [1]", "each word of probe must be a string"},
      {"probe = \"./x\"", "probe must be an array of strings"},
      {"probe = [\"a\\u0000b\"]", "must not hold a NUL character"},
      {"probe_timeout = 0", "probe_timeout must be above 0"},
      {"probe_timeout = -1", "probe_timeout must be above 0"},
      {"probe_timeout = \"1x\"", "not a time: \"1x\""},
  }));
  INFO(line);
  CHECK_THAT(in_ram(line), Catch::Matchers::ContainsSubstring("s.toml:3:"));
  CHECK_THAT(in_ram(line), Catch::Matchers::ContainsSubstring(message));
}

TEST_CASE("mistakes outside the pools", "[stage]") {
  const auto with = [](const std::string& line) {
    return mistakes(line + "\n[ram]\nfixed = 0\n");
  };
  using Catch::Matchers::ContainsSubstring;
  CHECK_THAT(with("want = 0"), ContainsSubstring("not a worker count: \"0\""));
  CHECK_THAT(with("want = 1000000000000"),
             ContainsSubstring("not a worker count"));
  CHECK_THAT(with("want = \"\""), ContainsSubstring("not a worker count"));
  CHECK_THAT(with("want = 1.5"), ContainsSubstring("not a number"));
  CHECK_THAT(with("on_no_fit = \"stop\""),
             ContainsSubstring("expected \"run-one\", \"fail\" or \"wait\""));
  CHECK_THAT(with("label = \"a\\nb\""), ContainsSubstring("one line"));
  CHECK_THAT(with("vram = 3"), ContainsSubstring("vram must be a table"));
  CHECK_THAT(with("inject.env.\"A=B\" = \"1\""),
             ContainsSubstring("cannot be the name of a variable"));
  CHECK_THAT(with("inject.env.A = 1"), ContainsSubstring("A must be a string"));
  CHECK_THAT(with("inject.nev.A = \"1\""),
             ContainsSubstring("did you mean \"env\"?"));
}

TEST_CASE("GPUs and who places the workers", "[stage]") {
  const auto vram = [](const std::string& lines) {
    return good("[vram]\nfixed = 0\n" + lines).pools.at(0);
  };
  const auto wrong = [](const std::string& lines) {
    return mistakes("[vram]\nfixed = 0\n" + lines);
  };
  CHECK(vram("").devices.choice == DeviceChoice::first);
  CHECK(vram("").spread.value == Spread::first);
  const PoolNeeds all = vram("devices = \"all\"\nspread = \"pin\"");
  CHECK(all.devices.choice == DeviceChoice::all);
  CHECK(all.spread.value == Spread::pin);
  CHECK(all.spread.origin == "stages/html.toml:4");
  CHECK(vram("devices = [0, \"GPU-12\"]\nspread = \"even\"").devices.names ==
        std::vector<std::string>{"0", "GPU-12"});
  CHECK(vram("devices = [1]").devices.names.size() == 1);
  using Catch::Matchers::ContainsSubstring;
  CHECK_THAT(wrong("devices = \"all\""),
             ContainsSubstring("s.toml:3:11: error: several devices need"));
  CHECK_THAT(wrong("devices = []\nspread = \"pin\""),
             ContainsSubstring("devices must not be empty"));
  CHECK_THAT(wrong("devices = \"some\"\nspread = \"pin\""),
             ContainsSubstring("GPUs by number or UUID, not \"some\""));
  CHECK_THAT(wrong("spread = \"first\""),
             ContainsSubstring("expected \"pin\""));
  CHECK_THAT(in_ram("spread = \"pin\""), ContainsSubstring("unknown key"));
}

// Undefined in toml++ 3.3 for letters up to U+0499; a sanitizer sees it.
TEST_CASE("letters outside of ASCII are no blanks", "[stage]") {
  const Stage stage = good(
      "label = \"\"\"\\\n  \u00e9t\u00e9\"\"\"\n"
      "[ram]\nper_worker = 1\n");
  CHECK(stage.label.value == "\u00e9t\u00e9");
  CHECK_THAT(mistakes("c\u0366 = 1\n"),
             Catch::Matchers::ContainsSubstring("s.toml:1:2: error: "));
}

TEST_CASE("a size without quotes is told what it lacks", "[stage]") {
  CHECK(mistakes("[ram]\nper_worker = 2GB # each\n")
            .find("put a size in quotes: \"2GB\"") != std::string::npos);
  CHECK(mistakes("[ram]\nper_worker = 1.5GiB")
            .find("put a size in quotes: \"1.5GiB\"") != std::string::npos);
  CHECK(mistakes("[ram]\nper_worker = x").find("quotes") == std::string::npos);
  CHECK(mistakes("[ram]\n[= 3").find("quotes") == std::string::npos);
  CHECK(mistakes("[ram]\nper_worker = \"2GB").find("put a size") ==
        std::string::npos);
}

TEST_CASE("a text that is not TOML is one mistake at its place", "[stage]") {
  CHECK_THAT(mistakes("a = \n"),
             Catch::Matchers::StartsWith("s.toml:1:5: error: "));
  CHECK_THAT(mistakes("[ram]\nfixed = 1\nfixed = 2\n"),
             Catch::Matchers::StartsWith("s.toml:3:"));
  // toml++ asserts that this does not occur, and then says what is wrong.
  CHECK_THAT(mistakes("[ram]\n[= 3\n"),
             Catch::Matchers::StartsWith("s.toml:2:2: error: "));
  CHECK(mistakes("") ==
        "s.toml: error: no cost: a stage needs fixed or per_worker in [ram] or "
        "[vram]\n");
}

TEST_CASE("the caret stands below the mistake", "[stage]") {
  const std::string text = "[ram]\n\tfixed = \"\xc3\xa9\"\n";
  CHECK(render_diagnostics({{2, 10, "no"}}, "s.toml", text) ==
        "s.toml:2:10: error: no\n"
        "    2 |  fixed = \"\xc3\xa9\"\n"
        "      |          ^\n");
  const std::string wide = "x = \"" + std::string(300, 'y') + "\"";
  const std::string shown = render_diagnostics({{1, 200, "no"}}, "s", wide);
  CHECK(shown.size() < 300);
  CHECK_THAT(shown, Catch::Matchers::ContainsSubstring("^"));
}
