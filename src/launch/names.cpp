#include "launch/names.h"

#include <sys/stat.h>
#include <unistd.h>

#include <variant>

#include "base/text.h"
#include "os/file.h"
#include "os/program.h"
#include "stage/find.h"
#include "stage/parse.h"

namespace fitrun {
namespace {

bool is_tool(const std::string& file) {
  const auto text = read_file(file, kLargestDescriptor);
  return text && has_tool_table(*text);
}

WordKind kind_of_path(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || S_ISDIR(info.st_mode))
    return WordKind::nothing;
  return ::access(path.c_str(), X_OK) == 0 ? WordKind::command
                                           : WordKind::stage;
}

// With `tool` filled in where it is one.
WordKind kind_of_config(const std::string& file, const Environment& environment,
                        std::optional<Stage>& tool) {
  auto text = read_file(file, kLargestDescriptor);
  if (!text || text->find("tool") == std::string::npos) return WordKind::stage;
  auto parsed = parse_stage(*text, file, environment, CostRule::optional);
  auto* const stage = std::get_if<Stage>(&parsed);
  if (!stage) return has_tool_table(*text) ? WordKind::tool : WordKind::stage;
  if (!stage->tool) return WordKind::stage;
  stage->text = std::move(*text);
  tool = std::move(*stage);
  return WordKind::tool;
}

WordKind kind_of(const FoundStage& found, const std::string& word,
                 const Environment& environment, std::optional<Stage>& tool) {
  switch (found.place) {
    case FoundStage::Place::open_file:
    case FoundStage::Place::project:
      return WordKind::stage;
    case FoundStage::Place::path: {
      if (word.ends_with(".toml")) return WordKind::stage;
      const WordKind kind = kind_of_path(word);
      const bool bare = word.find('/') == std::string::npos;
      // A program of the current folder is started by its path alone.
      if (kind != WordKind::command || !bare) return kind;
      break;
    }
    case FoundStage::Place::config:
      return kind_of_config(found.file, environment, tool);
    case FoundStage::Place::nowhere:
      break;
  }
  return find_program(word, environment) ? WordKind::command
                                         : WordKind::nothing;
}

}  // namespace

WordMeaning meaning_of(const std::string& word,
                       const Environment& environment) {
  FoundStage found = find_stage(word, environment);
  WordMeaning meaning;
  meaning.kind = kind_of(found, word, environment, meaning.tool);
  meaning.project = std::move(found.project);
  return meaning;
}

std::string places_of_names(const Project& project,
                            const Environment& environment) {
  std::string places = project.stages.empty() ? "" : project.file + ", ";
  for (const std::string& folder : config_folders(environment))
    places += folder + ", ";
  return places + "the current folder";
}

std::vector<KnownName> known_names(const Project& project,
                                   const Environment& environment) {
  std::vector<KnownName> names;
  for (const std::string& name : project.stages)
    names.push_back({name, false, project.file});
  for (ConfigName& config : list_configs(environment)) {
    if (project.has(config.name)) continue;
    const bool tool = is_tool(config.file);
    names.push_back({std::move(config.name), tool, std::move(config.file)});
  }
  return names;
}

std::string nearest_name(const std::string& word, const Project& project,
                         const Environment& environment,
                         const std::vector<std::string_view>& more) {
  std::string program = "./" + word;
  if (meaning_of(program, environment).kind == WordKind::command)
    return program;
  std::string file = word + ".toml";
  if (kind_of_path(file) == WordKind::stage) return file;
  const std::vector<KnownName> known = known_names(project, environment);
  std::vector<std::string_view> names = more;
  for (const KnownName& each : known) names.push_back(each.name);
  return std::string(did_you_mean(word, names));
}

}  // namespace fitrun
