#include <random>

#include "base/text.h"
#include "catch.h"
#include "plan/tool_line.h"
#include "plan/wrappers.h"

using namespace fitrun;

namespace {

using Strings = std::vector<std::string>;

Strings line(std::string_view text) {
  Strings out;
  for (const std::string_view word : words(text)) out.emplace_back(word);
  return out;
}

Tool make() {
  Tool tool;
  tool.commands = {{"make"}, {"gmake"}};
  tool.count = {"-j", "--jobs"};
  tool.cpus = {""};
  tool.values = {"-I", "-W"};
  tool.kind = {"-C", "--directory", "-f"};
  tool.end = {"--"};
  tool.insert = {"-j<threads>"};
  tool.variables = {"MAKEFLAGS"};
  return tool;
}

Tool xargs() {
  Tool tool;
  tool.commands = {{"xargs"}};
  tool.count = {"-P", "--max-procs"};
  tool.cpus = {"0"};
  tool.values = {"-n", "-I", "-a"};
  tool.end = {"--"};
  tool.stops_at_word = true;
  return tool;
}

Tool pytest() {
  Tool tool;
  tool.commands = {{"pytest"}, {"python*", "-m", "pytest"}};
  tool.count = {"-n", "--numprocesses"};
  tool.cpus = {"auto", "logical"};
  tool.values = {"-k", "-p", "-r"};
  return tool;
}

Tool go() {
  Tool tool;
  tool.commands = {{"go", "build"}, {"go", "test"}};
  tool.count = {"-p"};
  tool.values = {"-parallel", "-run", "-C"};
  tool.insert = {"-p", "<threads>"};
  return tool;
}

Tool shares() {
  Tool tool;
  tool.commands = {{"t"}};
  tool.count = {"-j"};
  tool.cpus = {"N%", "NC", "+N", "-N", "max"};
  return tool;
}

// The line with 3 in place of the number.
std::string three(const Tool& tool, std::string_view text,
                  bool may_insert = false) {
  std::string out;
  for (const std::string& word :
       with_count(tool, line(text), 3, may_insert ? tool.insert : Strings{}))
    out += (out.empty() ? "" : " ") + word;
  return out;
}

// What was asked for on 8 CPUs; 0: nothing that can be read.
std::uint64_t asked(const Tool& tool, std::string_view text) {
  const auto read = read_tool_line(tool, line(text));
  if (!read || read->places.empty() || !read->places.back().asked) return 0;
  return workers_of(*read->places.back().asked, 8);
}

Strings words_at(const Strings& words, const std::vector<std::size_t>& places) {
  Strings found;
  for (const std::size_t place : places) found.push_back(words[place]);
  return found;
}

std::size_t unreadable(const Tool& tool, std::string_view text) {
  return read_tool_line(tool, line(text)).value().unreadable.size();
}

}  // namespace

TEST_CASE("the number is read and replaced in every spelling", "[tool]") {
  struct Row {
    Tool tool;
    const char* before;
    std::uint64_t asked;
    const char* after;
  };
  const std::vector<Row> rows = {
      {make(), "make -j16 all", 16, "make -j3 all"},
      {make(), "/usr/bin/gmake -j 16 all", 16, "/usr/bin/gmake -j 3 all"},
      {make(), "make --jobs=16", 16, "make --jobs=3"},
      {make(), "make --jobs 16 -k", 16, "make --jobs 3 -k"},
      {make(), "make -kj16", 16, "make -kj3"},
      {make(), "make -kj 16", 16, "make -kj 3"},
      {make(), "make -j", 8, "make -j3"},
      {make(), "make -j all", 8, "make -j3 all"},
      {make(), "make -j -k", 8, "make -j3 -k"},
      {make(), "make --jobs all", 8, "make --jobs=3 all"},
      {make(), "make -skj", 8, "make -skj3"},
      {make(), "make -j4 -j 16", 16, "make -j3 -j 3"},
      {make(), "make -C j4 -j2", 2, "make -C j4 -j3"},
      {make(), "make -C -j4 -j2", 2, "make -C -j4 -j3"},
      {make(), "make -Cj4", 0, "make -Cj4"},
      {make(), "make -kC -j9 -j2", 2, "make -kC -j9 -j3"},
      {make(), "make --directory=-j4 -j2", 2, "make --directory=-j4 -j3"},
      {make(), "make -j2 -- -j9", 2, "make -j3 -- -j9"},
      {make(), "make -j99999999999999999999999", 4194304, "make -j3"},
      {make(), "make -j016", 16, "make -j3"},
      {xargs(), "xargs -0P8 -n1 convert -P 3", 8,
       "xargs -0P3 -n1 convert -P 3"},
      {xargs(), "xargs -n1P8 convert", 0, "xargs -n1P8 convert"},
      {xargs(), "xargs --max-procs=0 x", 8, "xargs --max-procs=3 x"},
      {xargs(), "xargs -P 0 -- x -P 9", 8, "xargs -P 3 -- x -P 9"},
      {xargs(), "xargs -I -P x", 0, "xargs -I -P x"},
      {pytest(), "pytest -n auto t", 8, "pytest -n 3 t"},
      {pytest(), "pytest -nlogical", 8, "pytest -n3"},
      {pytest(), "pytest --numprocesses=4", 4, "pytest --numprocesses=3"},
      {pytest(), "pytest -xn4", 4, "pytest -xn3"},
      {pytest(), "pytest -n=4", 4, "pytest -n=3"},
      {pytest(), "pytest -rn4", 0, "pytest -rn4"},
      {pytest(), "python3.11 -u -m pytest -n 4", 4,
       "python3.11 -u -m pytest -n 3"},
      {go(), "go build -p=12 ./...", 12, "go build -p=3 ./..."},
      {go(), "go test -p 12", 12, "go test -p 3"},
      {go(), "go test -parallel 4", 0, "go test -parallel 4"},
      {shares(), "t -j50%", 4, "t -j3"},
      {shares(), "t -j 200%", 16, "t -j 3"},
      {shares(), "t -j 1.5C", 12, "t -j 3"},
      {shares(), "t -j+2", 10, "t -j3"},
      {shares(), "t -j -2", 6, "t -j 3"},
      {shares(), "t -j-20", 1, "t -j3"},
      {shares(), "t -j max", 8, "t -j 3"},
  };
  for (const Row& row : rows) {
    INFO(row.before);
    CHECK(asked(row.tool, row.before) == row.asked);
    CHECK(three(row.tool, row.before) == row.after);
  }
}

TEST_CASE("a number that cannot be read is left alone and told", "[tool]") {
  for (const char* const text :
       {"xargs -P", "xargs -P x y", "xargs --max-procs=x", "xargs -P9x y",
        "xargs --max-procs= x", "xargs -P -1", "xargs -P50% x",
        // short for an option, as getopt_long has it
        "xargs --max-p=9 x", "xargs --max-proc 9 x"}) {
    INFO(text);
    CHECK(unreadable(xargs(), text) == 1);
    CHECK(three(xargs(), text, true) == text);
  }
  CHECK(unreadable(make(), "make -j0") == 1);
  CHECK(three(make(), "make -j0", true) == "make -j0");
  // an option of another name is none of these
  CHECK(unreadable(go(), "go build -pgo=auto") == 0);
  CHECK(unreadable(make(), "make -k") == 0);
  CHECK(unreadable(xargs(), "xargs --max-p x") == 0);
  CHECK(unreadable(xargs(), "xargs --max-args=9 x") == 0);
}

TEST_CASE("what is no command of the tool is not touched", "[tool]") {
  for (const char* const text : {"cmake -j4", "go vet -p 4", "go",
                                 "python3 x.py -m pytest -n 4", "make2 -j4"}) {
    INFO(text);
    for (const Tool& tool : {make(), go(), pytest()}) {
      CHECK_FALSE(read_tool_line(tool, line(text)));
      CHECK(three(tool, text, true) == text);
    }
  }
  CHECK_FALSE(read_tool_line(make(), {}));
  CHECK(read_tool_line(go(), line("go -C dir build")));
}

TEST_CASE("a line that says nothing gets the tool's own words", "[tool]") {
  CHECK(three(make(), "make all", true) == "make -j3 all");
  CHECK(three(make(), "make all", false) == "make all");
  CHECK(three(go(), "go -C d build x", true) == "go -C d build -p 3 x");
  CHECK(three(xargs(), "xargs x", true) == "xargs x");
  Tool behind = make();
  behind.insert = {"...", "-p", "{threads}"};
  CHECK(three(behind, "make a b -k", true) == "make a b -p 3 -k");
  CHECK(three(behind, "make a", true) == "make a -p 3");
  CHECK(three(behind, "make", true) == "make -p 3");
}

TEST_CASE("a placeholder is a number that the user places", "[tool]") {
  const auto read = read_tool_line(make(), line("make -j <threads> -j4"));
  REQUIRE(read);
  REQUIRE(read->places.size() == 2);
  CHECK_FALSE(read->places[0].asked);
  CHECK(three(make(), "make -j{threads}", true) == "make -j{threads}");
  CHECK(three(make(), "make --jobs=<threads>", true) ==
        "make --jobs=<threads>");
}

TEST_CASE("whatever is put in is read again, and nothing else is changed",
          "[tool]") {
  std::mt19937 random(7);
  const Strings parts = {"-j",   "-j16", "-j 4", "--jobs=5", "--jobs", "-C",
                         "-f",   "all",  "-k",   "-kj7",     "--",     "-",
                         "-j0",  "x=y",  "-I",   "-Ij4",     "50",     "",
                         "-kjx", "-W",   "-skj", "--jobs 3", "--x=-j4"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "make";
    for (auto n = random() % 7; n > 0; --n)
      text += " " + parts[random() % parts.size()];
    const Strings before = line(text);
    const auto read = read_tool_line(make(), before);
    REQUIRE(read);
    const std::uint64_t count = 1 + random() % 5000;
    const Strings after = with_count(make(), before, count, {});
    INFO(text);
    REQUIRE(after.size() == before.size());
    const auto again = read_tool_line(make(), after);
    REQUIRE(again->places.size() == read->places.size());
    REQUIRE(again->operands == read->operands);
    REQUIRE(again->unreadable == read->unreadable);
    std::vector<bool> may_differ(before.size());
    for (const CountPlace& place : read->places) may_differ[place.word] = true;
    for (const CountPlace& place : again->places) {
      REQUIRE(place.asked);
      REQUIRE(workers_of(*place.asked, 1) == count);
    }
    for (std::size_t i = 0; i < before.size(); ++i)
      if (!may_differ[i]) REQUIRE(after[i] == before[i]);
    REQUIRE(with_count(make(), after, count, {}) == after);
    const Strings without = without_count(make(), before);
    const auto rest = read_tool_line(make(), without);
    REQUIRE(rest->places.empty());
    REQUIRE(words_at(without, rest->operands) ==
            words_at(before, read->operands));
    REQUIRE(rest->unreadable.size() == read->unreadable.size());
    REQUIRE(rest->kinds.size() == read->kinds.size());
  }
}

TEST_CASE("the number can be taken out of a line", "[tool]") {
  const auto without = [](std::string_view text) {
    return without_count(make(), line(text));
  };
  CHECK(without("make -j16 all") == line("make all"));
  CHECK(without("make -j 16 all") == line("make all"));
  CHECK(without("make -j all") == line("make all"));
  CHECK(without("make --jobs=16 -k --jobs 3 --jobs") == line("make -k"));
  CHECK(without("make -kj16 -skj 3 x") == line("make -k -sk x"));
  CHECK(without("make -kj") == line("make -k"));
  CHECK(without("make -C -j4 -j=5 -- -j6") == line("make -C -j4 -- -j6"));
  CHECK(without("gcc -j4") == line("gcc -j4"));
}

TEST_CASE("a variable of the tool says the number as well", "[tool]") {
  const auto said = [](std::string_view value,
                       std::string_view name = "MAKEFLAGS") {
    const auto asked = read_tool_variable(make(), name, value);
    return asked ? workers_of(*asked, 8) : 0;
  };
  CHECK(said("-j4") == 4);
  CHECK(said(" -j4") == 4);
  CHECK(said("ks -j4") == 4);
  CHECK(said("kj4") == 4);
  CHECK(said(" kj4") == 0);
  CHECK(said("k") == 0);
  CHECK(said("") == 0);
  CHECK(said(" -j4 -- X=-j9") == 4);
  CHECK(said("w -j8 --jobserver-auth=3,4 -- A=1") == 8);
  CHECK(said("12", "CMAKE_BUILD_PARALLEL_LEVEL") == 12);
  CHECK(said(" 12 ", "CMAKE_BUILD_PARALLEL_LEVEL") == 12);
  CHECK(said("j4", "CMAKE_BUILD_PARALLEL_LEVEL") == 0);
  CHECK(said("nocheck parallel=4 noopt", "DEB_BUILD_OPTIONS") == 4);
  CHECK(said("nocheck,parallel=4", "DEB_BUILD_OPTIONS") == 0);
  CHECK(said("nocheck", "DEB_BUILD_OPTIONS") == 0);
  CHECK(said(" -j4 -- parallel=9") == 4);
}

TEST_CASE("the kind of a line is what it works on, not how", "[tool]") {
  const auto kind = [](const Tool& tool, std::string_view text) {
    return kind_of_line(&tool, line(text));
  };
  CHECK(kind(make(), "/usr/bin/make -j16 -kC sub all CC=gcc") ==
        Strings{"make", "-C", "sub", "all", "CC=gcc"});
  CHECK(kind(make(), "make -j <threads> --directory=sub -I x") ==
        Strings{"make", "--directory", "sub"});
  CHECK(kind(make(), "make -Csub -j") == Strings{"make", "-C", "sub"});
  CHECK(kind(go(), "go -C d test -v -p 4 ./...") ==
        Strings{"go", "test", "./..."});
  CHECK(kind(xargs(), "xargs -0 -P 8 convert -resize 50%") ==
        Strings{"xargs", "convert"});
  Tool files = xargs();
  files.stops_at_word = false;
  files.files = true;
  files.kind = {"--block"};
  files.kind_flags = {"-9", "-e", "--fast"};
  CHECK(kind(files, "xargs -k9eP4 a b") == Strings{"xargs", "-9", "-e"});
  CHECK(kind(files, "xargs --fast=3 -P 4 --block=1M c") ==
        Strings{"xargs", "--fast", "3", "--block", "1M"});
  CHECK(kind_of_line(nullptr, line("./render -j 4 page")) ==
        Strings{"render", "4", "page"});
  CHECK(kind_of_line(nullptr, {}).empty());
}

TEST_CASE("what only starts a command is not the command", "[tool]") {
  const std::pair<const char*, std::size_t> rows[] = {
      {"make -j4", 0},
      {"nice make", 1},
      {"/usr/bin/nice -n 5 make", 3},
      {"nice -n5 -- make", 3},
      {"nice -15 make", 2},
      {"nice --adjustment=5 make", 2},
      {"env A=b -- make", 2},  // "--" is no option there
      {"env -u A B=c make B=d", 4},
      {"env -i make", 0},
      {"env - make", 0},
      {"env -S make", 0},
      {"env --chdir x make", 0},
      {"ionice -c3 make", 2},
      {"timeout -k 9 1h make", 4},
      {"timeout --foreground --signal=INT 1h make", 4},
      {"timeout --signal INT 1h make", 0},
      {"setsid --wait make", 2},
      {"taskset -c 0-3 make", 3},
      {"taskset --cpu-list 0-3 make", 3},
      {"chrt -b 0 make", 3},
      {"chrt --batch 0 make", 3},
      {"time -f %e nohup env A=b make", 6},
      {"nice", 0},
      {"nice -n", 0},
      {"env A=b", 0},
      {"timeout 5", 0},
      {"", 0},
  };
  for (const auto& [text, first] : rows) {
    CAPTURE(text);
    CHECK(behind_wrappers(line(text)) == first);
  }
  CHECK(variables_of_wrappers(line("env A=b C=d=e nice make F=g")) ==
        std::map<std::string, std::string>{{"A", "b"}, {"C", "d=e"}});
  const auto read = read_tool_line(make(), line("nice -n 5 make -j9 all"));
  REQUIRE(read);
  CHECK(read->named == std::vector<std::size_t>{3});
  const Tool tool = make();
  CHECK(kind_of_line(&tool, line("nice -n 5 make -j9 all")) ==
        line("make all"));
}

TEST_CASE("a line of 100,000 words takes no time to speak of", "[tool]") {
  Strings words(100'000, "-kj4");
  words[0] = "make";
  CHECK(with_count(make(), words, 3, make().insert)[99'999] == "-kj3");
  words.assign(100'000, "some/file.c");
  words[0] = "make";
  CHECK(kind_of_line(nullptr, words).size() == kMostKindWords);
  const Tool tool = make();
  CHECK(kind_of_line(&tool, words).size() == kMostKindWords);
  CHECK(with_count(make(), words, 3, make().insert).size() == 100'001);
}
