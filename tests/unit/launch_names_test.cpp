// What a word is where a command may begin, in a folder with a project's file,
// with descriptors of the user's and a PATH.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catch.h"
#include "launch/names.h"
#include "launch/target.h"
#include "machine_dir.h"

using namespace fitrun;

namespace {

// The current folder, until the end of the test.
class Inside {
 public:
  explicit Inside(const std::string& folder)
      : before_(::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    REQUIRE(::chdir(folder.c_str()) == 0);
  }
  ~Inside() {
    static_cast<void>(::fchdir(before_));
    ::close(before_);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  int before_;
};

constexpr const char* kCost = "[ram]\nper_worker = \"1GB\"\n";
constexpr const char* kBrew =
    "[tool]\ncommands = [\"brew\", \"py* -m brew\"]\ncount = [\"-j\"]\n"
    "[ram]\nper_worker = \"2GB\"\n";

struct Place {
  MachineDir dir;
  Environment environment;

  Place()
      : environment({{"XDG_CONFIG_HOME", dir.root() + "/config"},
                     {"PATH", dir.root() + "/bin:" + dir.root() + "/empty"}}) {
    dir.file("/config/fitrun/brew.toml", kBrew)
        .file("/config/fitrun/html.toml", kCost)
        .file("/config/fitrun/over.toml", kBrew)
        .file("/config/fitrun/wrong.toml", "[tool]\nx = 1\n")
        .file("/config/fitrun/ls.toml", kCost)
        .file("/bin/ls", "#!/bin/sh\n")
        .file("/bin/brew", "#!/bin/sh\n")
        .file("/bin/readable", "no program\n")
        .file("/here/fitrun.toml", "[stages.over.ram]\nfixed = 1\n")
        .file("/here/plain", kCost)
        .file("/here/brew", kCost)
        .file("/here/s.toml", kCost)
        .file("/here/program", "#!/bin/sh\n");
    for (const char* program : {"/bin/ls", "/bin/brew", "/here/program"})
      REQUIRE(::chmod((dir.root() + program).c_str(), 0755) == 0);
  }
};

}  // namespace

TEST_CASE("a word is a stage, a tool or a command", "[launch]") {
  Place place;
  const Inside here(place.dir.root() + "/here");
  const std::pair<std::string, WordKind> rows[] = {
      {"s.toml", WordKind::stage},
      {"absent.toml", WordKind::stage},
      {"-", WordKind::stage},
      {"/dev/stdin", WordKind::stage},
      {"/dev/fd/9", WordKind::stage},
      {"plain", WordKind::stage},
      {"./plain", WordKind::stage},
      {"html", WordKind::stage},
      {"ls", WordKind::stage},    // a descriptor before a program
      {"over", WordKind::stage},  // the project's before the user's tool
      {"wrong", WordKind::tool},  // so that its mistakes are said
      {"brew", WordKind::tool},   // before the file
      {"./brew", WordKind::stage},
      {"./program", WordKind::command},
      {"../bin/ls", WordKind::command},
      {"program", WordKind::nothing},  // not in PATH
      {"readable", WordKind::nothing},
      {"absent", WordKind::nothing},
      {"./absent", WordKind::nothing},
      {"..", WordKind::nothing},
      {"/", WordKind::nothing},
      {"", WordKind::nothing},
  };
  for (const auto& [word, kind] : rows) {
    CAPTURE(word);
    CHECK(meaning_of(word, place.environment).kind == kind);
  }
}

TEST_CASE("a command has the costs of its tool, or of the stage", "[launch]") {
  Place place;
  const Inside here(place.dir.root() + "/here");
  const auto loaded = [&](const std::string& stage,
                          const std::vector<std::string>& command) {
    LaunchOptions options;
    options.stage = stage;
    options.command = command;
    return load_target(options, place.environment);
  };
  const std::string brew = place.dir.root() + "/config/fitrun/brew.toml";
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"brew", "-j4"},
        {"/usr/bin/brew"},
        {"py3", "-m", "brew", "x"}}) {
    const Target target = loaded("", command);
    CHECK(target.stage.file == brew);
    CHECK(target.tool.has_value());
    CHECK(target.command == command);
  }
  // What was read to know the word is not read again.
  LaunchOptions known;
  known.command = {"brew", "-j4"};
  known.tool = meaning_of("brew", place.environment).tool;
  REQUIRE(known.tool);
  known.tool->label.value = "known";
  CHECK(load_target(known, place.environment).stage.label.value == "known");
  known.command = {"echo", "-j4"};
  CHECK_FALSE(load_target(known, place.environment).tool);
  const Target staged = loaded("html", {"brew", "-j4"});
  CHECK(staged.stage.label.value == "html");
  CHECK(staged.tool.has_value());
  CHECK_THROWS_WITH(loaded("", {"wrong", "-j4"}),
                    Catch::Matchers::ContainsSubstring("wrong.toml:2:1"));
  CHECK_FALSE(loaded("html", {"wrong", "-j4"}).tool);
  // A tool's words in another place, or a descriptor that is wrong, are none.
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"echo", "brew"},
        {"echo", "wrong"},
        {"a", "b", "c", "d", "brew"}}) {
    const Target target = loaded("", command);
    CHECK(target.stage.file.empty());
    CHECK_FALSE(target.tool);
    CHECK(target.stage.pools.size() == 1);
  }
}
