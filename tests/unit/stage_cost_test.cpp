#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "stage/cost.h"
#include "stage/glob.h"
#include "stage/parse.h"

using namespace fitrun;
using Catch::Matchers::ContainsSubstring;

namespace {

// A folder whose name is a pattern to whoever takes it for one, and one beside
// it that this pattern would name.
class Files {
 public:
  Files() {
    char made[] = "/tmp/fitrun-test-XXXXXX";
    REQUIRE(::mkdtemp(made) != nullptr);
    root_ = made;
    folder = root_ + "/app[1]*";
    std::filesystem::create_directory(folder);
    std::filesystem::create_directory(root_ + "/app1x");
    write("../app1x/other.bin", 1'000'000);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { std::filesystem::remove_all(root_); }

  void write(const std::string& name, std::size_t bytes) const {
    const std::filesystem::path path = folder + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << std::string(bytes, 'x');
  }
  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_symlink(target, folder + "/" + name);
  }

  // What `{ file = ... }` comes to in a descriptor of the folder.
  CostSum sum(const std::string& table) {
    const Environment environment(std::map<std::string, std::string>{
        {"D", folder}, {"STAR", "*"}, {"LONG", std::string(3000, 'x')}});
    errors.clear();
    const auto parsed = parse_stage("[ram]\nfixed = { " + table + " }\n",
                                    folder + "/s.toml", environment);
    if (const auto* const mistakes =
            std::get_if<std::vector<Diagnostic>>(&parsed)) {
      errors.push_back(mistakes->front().message);
      return {};
    }
    return sum_cost(std::get<Stage>(parsed).pools.at(0).fixed, errors);
  }
  double bytes(const std::string& table) {
    const CostSum sum_of = sum(table);
    return errors.empty() ? sum_of.bytes : -1;
  }

  std::string folder;
  std::vector<std::string> errors;

 private:
  std::string root_;
};

}  // namespace

TEST_CASE("only what a descriptor writes is a pattern", "[cost]") {
  Files files;
  files.write("a.bin", 100);
  files.write("b.bin", 20);
  files.write("c[1].bin", 3);
  CHECK(files.bytes("file = '*.bin'") == 123);
  CHECK(files.bytes("file = '${D}/*.bin'") == 123);
  CHECK(files.bytes("file = '${D}/[ab].bin'") == 120);
  CHECK(files.bytes("file = '?.bin'") == 120);
  CHECK(files.bytes("file = 'c[1].bin'") == 3);
  CHECK(files.bytes("file = 'c\\[*.bin'") == 3);
  // The value of a variable is no pattern.
  CHECK(files.bytes("file = '${STAR}.bin'") == -1);
  CHECK(files.bytes("file = '${STAR}?bin'") == -1);
  CHECK(files.bytes("file = '${D}/../app1x/other.bin'") == 1'000'000);
  // Nor is a path longer than the kernel takes built.
  CHECK(files.bytes("file = '${LONG}${LONG}${LONG}'") == -1);
  CHECK(files.errors.at(0) == "file is longer than a path can be");
}

TEST_CASE("two stars are folders at any depth, each file once", "[cost]") {
  Files files;
  files.write("top.bin", 1);
  files.write("one/a.bin", 10);
  files.write("one/two/b.bin", 100);
  files.write("one/two/three/two/c.bin", 1000);
  files.write("one/.hidden/d.bin", 10'000);
  files.write("one/.e.bin", 10'000);
  files.write("one/f.txt", 10'000);
  files.link("one/two/back", "..");  // not followed: it would never end
  CHECK(files.bytes("file = '**/*.bin'") == 1111);
  CHECK(files.bytes("file = 'one/**/*.bin'") == 1110);
  CHECK(files.bytes("file = '**/two/**/*.bin'") == 1100);
  CHECK(files.bytes("file = '**/two/**/**/two/*.bin'") == 1000);
  CHECK(files.bytes("file = '**/**'") == 11'111);
  CHECK(files.bytes("file = 'one/**'") == 11'110);
  CHECK(files.bytes("file = 'one/two/back/*.bin'") == 10);
  CHECK(files.bytes("file = 'one/**/.hidden/*'") == 10'000);
  CHECK(files.bytes("file = '*/'") == -1);
  CHECK_THAT(files.errors.at(0), ContainsSubstring("no file matches"));
}

TEST_CASE("a link to nothing is an absent input, named or matched", "[cost]") {
  Files files;
  files.write("a.bin", 100);
  files.link("gone.bin", "nowhere");
  CHECK(files.bytes("file = 'gone.bin'") == -1);
  const std::string by_name = files.errors.at(0);
  CHECK(files.bytes("file = '*.bin'") == -1);
  CHECK(files.errors.at(0) == by_name);
  CHECK(files.bytes("file = '*.bin', missing = 'zero'") == 100);
  CHECK(files.bytes("file = 'g*.bin', missing = 'zero'") == 0);
}

TEST_CASE("a pointer in place of the data is worth a warning", "[cost]") {
  Files files;
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\n"
      "oid sha256:" +
      std::string(64, 'a') + "\nsize 4000000000\n";
  std::ofstream(files.folder + "/model.bin") << pointer;
  files.write("small.bin", pointer.size());
  const CostSum named = files.sum("file = 'model.bin', parse_factor = 2");
  REQUIRE(named.items.size() == 1);
  CHECK(named.bytes == 2.0 * static_cast<double>(pointer.size()));
  CHECK_THAT(named.items[0].warning, ContainsSubstring("/s.toml:2: "));
  CHECK_THAT(named.items[0].warning,
             ContainsSubstring("/model.bin is a Git LFS pointer"));
  CHECK_FALSE(files.sum("file = '*.bin'").items.at(0).warning.empty());
  CHECK(files.sum("file = 'small.bin'").items.at(0).warning.empty());
  // Longer than any pointer: text about them.
  std::ofstream(files.folder + "/long.txt") << pointer << std::string(900, 'x');
  CHECK(files.sum("file = 'long.txt'").items.at(0).warning.empty());
}

TEST_CASE("a literal is a pattern of itself alone", "[cost]") {
  for (const char* text : {"a*b", "[a]", "?", "a\\b", "!x", "a-b"}) {
    CAPTURE(text);
    CHECK_FALSE(is_glob(glob_of_literal(text)));
  }
  CHECK(is_glob("a/[b]"));
  CHECK_FALSE(is_glob("a/\\[b]"));
}
