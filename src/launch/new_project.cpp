#include "launch/new_project.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "launch/target.h"
#include "os/file.h"
#include "os/user_file.h"
#include "stage/cost.h"
#include "stage/edit.h"
#include "stage/project.h"

namespace fitrun {
namespace {

// What a project is made with, by the file that it has; the first one counts.
struct Sign {
  const char* file;
  const char* tool;
  const char* command;
};
constexpr Sign kSigns[] = {
    {"build.ninja", "ninja", "ninja"},
    {"CMakeLists.txt", "cmake", "cmake --build build"},
    {"meson.build", "meson", "meson compile -C build"},
    {"Cargo.toml", "cargo", "cargo build"},
    {"go.mod", "go", "go build ./..."},
    {"SConstruct", "scons", "scons"},
    {"build.gradle", "gradle", "gradle build"},
    {"pom.xml", "mvn", "mvn -T 1C verify"},
    {"Snakefile", "snakemake", "snakemake --cores all"},
    {"Makefile", "make", "make"},
    {"makefile", "make", "make"},
    {"GNUmakefile", "make", "make"},
    {"pytest.ini", "pytest", "pytest -n auto"},
    {"pyproject.toml", "pytest", "pytest -n auto"},
    {"package.json", "jest", "npx jest"},
};

std::string tool_of_this_folder() {
  for (const Sign& sign : kSigns)
    if (::access(sign.file, F_OK) == 0) return sign.tool;
  return "make";
}

// As an array's elements: "make", "-k".
std::string command_of(std::string_view tool) {
  std::string_view command = tool;
  for (const Sign& sign : kSigns)
    if (tool == sign.tool) command = sign.command;
  std::string text;
  for (const std::string_view word : words(command))
    text += toml_string(word) + ", ";
  return text;
}

// Not the tool's own name, which stays the tool's on the command line.
std::string_view stage_name(std::string_view tool) {
  const bool tests =
      tool.find("test") != std::string_view::npos || tool == "jest";
  return tests ? "test" : "build";
}

}  // namespace

std::string new_project_text(const std::string& tool,
                             const std::string& per_worker,
                             const std::string& source) {
  const std::string_view name = stage_name(tool);
  return fmt::format(
      R"(# The parallel jobs of this project, and what they cost in memory:
#   fitrun {0}           runs one in as many jobs as fit
#   fitrun plan {0}      explains how many these are
#   fitrun check {1}

[stages.{0}]
# "..." is where further words of the command line go: fitrun {0} -- WORD...
command = [{2}"..."]
# want = 8                # jobs; as many as CPUs if it is not given
# on_no_fit = "fail"      # where not even one fits: run-one, fail or wait

[stages.{0}.ram]
# What each job adds. {3}
per_worker = {4}
# fixed = "500MB"         # what they share, or {{ file = "data.bin" }}
# headroom = 0.7          # the share of the free memory to plan with
)",
      name, kProjectFile, command_of(tool), source, per_worker);
}

std::string write_new_project(const std::string& tool,
                              const Environment& environment) {
  if (::access(kProjectFile, F_OK) == 0)
    throw Failure("init: " + path_error(kProjectFile, EEXIST).message);
  const std::string name = tool.empty() ? tool_of_this_folder() : tool;
  const Stage stage = read_stage(name, environment, CostRule::optional);
  if (!stage.tool)
    throw Failure("init: " + name +
                  " is a stage and no tool (see fitrun list)");
  std::string per_worker = "\"2GB\"";
  std::string source = "A guess: measure it.";
  for (const PoolNeeds& needs : stage.pools) {
    std::vector<std::string> errors;
    const CostSum cost = sum_cost(needs.per_worker, errors);
    if (needs.pool != Pool::ram || cost.bytes <= 0) continue;
    per_worker = size_like(cost.bytes, "");
    source = "The bound for any project (fitrun show " + printable(name) +
             "); yours may need far less.";
  }
  auto file = UserFile::open(kProjectFile);
  if (!file) throw Failure("init: " + file.error().message);
  if (!file->is_new())
    throw Failure("init: " + path_error(kProjectFile, EEXIST).message);
  std::move(*file).write(new_project_text(name, per_worker, source)).value();
  return fmt::format("{}: written; `fitrun {}` runs its stage\n", kProjectFile,
                     stage_name(name));
}

}  // namespace fitrun
