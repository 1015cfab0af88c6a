#include "launch/new_project.h"

#include <unistd.h>

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "launch/learning.h"
#include "launch/target.h"
#include "os/file.h"
#include "os/user_file.h"
#include "stage/cost.h"
#include "stage/edit.h"
#include "stage/find.h"
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

std::vector<std::string> command_of(std::string_view tool) {
  std::string_view command = tool;
  for (const Sign& sign : kSigns)
    if (tool == sign.tool) command = sign.command;
  const std::vector<std::string_view> split = words(command);
  return {split.begin(), split.end()};
}

// Not the tool's own name, which stays the tool's on the command line.
std::string_view stage_name(std::string_view tool) {
  const bool tests =
      tool.find("test") != std::string_view::npos || tool == "jest";
  return tests ? "test" : "build";
}

// A line of the [ram] table, with what says so above it; "" for no cost.
std::string cost_line(const char* key, const Cost& cost,
                      const std::string& tool) {
  std::vector<std::string> errors;
  const double bytes = sum_cost(cost, errors).bytes;
  if (bytes <= 0) return "";
  const std::string& origin = cost.front().origin;
  const bool learned = origin.starts_with("learned");
  return fmt::format("# {}\n{} = {}\n",
                     learned ? "Here: " + origin
                             : "For any project (fitrun show " + tool +
                                   "): yours may need far less",
                     key, size_like(bytes, ""));
}

// Where an editor finds what may stand in the file: the line is Taplo's way of
// saying so. "" where no schema is installed.
std::string schema_line() {
  const std::string file = installed_folder() + "/fitrun.schema.json";
  const bool there = ::access(file.c_str(), F_OK) == 0;
  return there && printable(file) == file ? "#:schema " + file + "\n" : "";
}

Failure exists() {
  return Failure(std::string("init: ") + kProjectFile +
                 " is there already; move it away to begin anew");
}

}  // namespace

std::string new_project_text(const Target& target, const std::string& tool) {
  std::string command;
  for (const std::string& word : target.command)
    command += toml_string(word) + ", ";
  std::string costs;
  for (const PoolNeeds& needs : target.stage.pools) {
    if (needs.pool != Pool::ram) continue;
    costs += cost_line("per_worker", needs.per_worker, tool);
    costs += cost_line("fixed", needs.fixed, tool);
  }
  if (costs.empty()) costs = "# A guess: measure it.\nper_worker = \"2GB\"\n";
  return schema_line() +
         fmt::format(
             R"(# The parallel commands of this project, and what they cost in memory:
#   fitrun {0}           runs it with as many workers as fit
#   fitrun plan {0}      explains how many these are
#   fitrun check {1}

[stages.{0}]
# "..." is where further words of the command line go: fitrun {0} -- WORD...
command = [{2}"..."]
# want = 8                # workers; as many as CPUs if it is not given
# on_no_fit = "fail"      # where not even one fits: run-one, fail or wait

# per_worker is what each worker adds, fixed what they share: sizes like "350MB", or
# {{ file = "data.bin", parse_factor = 2.0 }}.
[stages.{0}.ram]
{3}# headroom = 0.7          # the share of the free memory to plan with
)",
             stage_name(tool), kProjectFile, command, costs);
}

std::string write_new_project(const std::string& tool, const Caller& caller) {
  if (::access(kProjectFile, F_OK) == 0) throw exists();
  const std::string name = tool.empty() ? tool_of_this_folder() : tool;
  LaunchOptions options;
  options.command = command_of(name);
  Target target{read_stage(name, caller.environment, CostRule::optional),
                options.command};
  target.tool = target.stage.tool;
  if (!target.tool)
    throw Failure("init: " + name +
                  " is a stage and no tool (see fitrun list)");
  learn(target, options, caller);
  auto file = UserFile::open(kProjectFile);
  if (!file) throw Failure("init: " + file.error().message);
  if (!file->is_new()) throw exists();
  std::move(*file).write(new_project_text(target, name)).value();
  return fmt::format("{}: written; `fitrun {}` runs its stage\n", kProjectFile,
                     stage_name(name));
}

}  // namespace fitrun
