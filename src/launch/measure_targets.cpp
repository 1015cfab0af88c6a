#include "launch/measure_targets.h"

#include <cerrno>

#include "base/text.h"
#include "os/file.h"
#include "os/new_folder.h"
#include "stage/find.h"
#include "stage/parse.h"

namespace fitrun {
namespace {

// What a stage names relative to its descriptor's folder.
std::vector<std::string> paths_of(const Stage& stage) {
  std::vector<std::string> paths;
  for (const PoolNeeds& needs : stage.pools) {
    for (const Cost* const cost : {&needs.fixed, &needs.per_worker})
      for (const CostTerm& term : *cost)
        if (const auto* const file = std::get_if<FileCost>(&term.amount))
          paths.push_back(file->path);
    if (!needs.probe.empty()) paths.push_back(needs.probe.front());
  }
  return paths;
}

std::vector<std::string> paths_at(const std::string& text,
                                  const std::string& file,
                                  const Environment& environment) {
  const auto parsed = parse_stage(text, file, environment, CostRule::optional);
  const auto* const stage = std::get_if<Stage>(&parsed);
  return stage ? paths_of(*stage) : std::vector<std::string>{};
}

UserFile opened(const std::string& option, const std::string& path) {
  auto file = UserFile::open(path);
  if (!file)
    throw Failure(
        Error{option + ": " + file.error().message, file.error().code});
  return std::move(*file);
}

// The user's own descriptor of a stage that was found at `found` by its name.
std::string own_descriptor(const std::string& name, const std::string& found,
                           const Environment& environment) {
  const std::string folder = user_config_folder(environment);
  if (folder.empty()) {
    throw Failure("--write: " + found +
                  " was looked up by its name, and there is no place for a "
                  "descriptor of your own: neither XDG_CONFIG_HOME nor HOME is "
                  "set");
  }
  return folder + "/" + name + ".toml";
}

void open_copy(MeasureTargets& targets, const Environment& environment) {
  const std::string& own = targets.descriptor;
  if (paths_at(targets.before, targets.made_from, environment) !=
      paths_at(targets.before, own, environment)) {
    throw Failure("--write: " + targets.made_from +
                  " names files beside it, which a copy at " + own +
                  " would not find: copy it yourself");
  }
  if (const auto made = make_folders(own.substr(0, own.rfind('/'))); !made)
    throw Failure("--write: " + made.error().message);
  targets.file = opened("--write", own);
  if (!targets.file->is_new())
    throw Failure("--write: " + path_error(own, EEXIST).message);
}

MeasureTargets open_pictures(MeasureTargets targets,
                             const MeasureOptions& options,
                             const Stage& stage) {
  if (options.plot.empty()) return targets;
  // "a.svg" and, for the second pool, "a.vram.svg".
  for (const PoolNeeds& needs : stage.pools) {
    std::string path = options.plot;
    if (!targets.pictures.empty()) {
      const std::size_t dot = path.rfind(".svg");
      path.insert(dot == std::string::npos ? path.size() : dot,
                  "." + std::string(key_of(needs.pool)));
    }
    targets.pictures.push_back(opened("--plot", path));
  }
  return targets;
}

}  // namespace

MeasureTargets open_targets(const MeasureOptions& options, const Stage& stage,
                            const std::string& named,
                            const Environment& environment) {
  MeasureTargets targets;
  if (options.write && named.empty()) {
    throw Failure(
        "--write: there is no descriptor to write to; give a STAGE, or leave "
        "it out and save what is printed");
  }
  // A project's file holds several stages, and the numbers are edited where a
  // descriptor has them; standard input is no file at all.
  const bool has_own_file = stage.name.empty() && stage.file != "-";
  if (options.write && !has_own_file) {
    throw Failure("--write: " + in_quotes(named) +
                  " has no descriptor of its own: leave --write out, and put "
                  "what is printed where it belongs");
  }
  if (named.empty() || !has_own_file)
    return open_pictures(std::move(targets), options, stage);
  targets.descriptor = stage.file;
  targets.before = stage.text;
  const bool looked_up = stage.file != named;
  if (looked_up && (options.write || !user_config_folder(environment).empty()))
    targets.descriptor = own_descriptor(named, stage.file, environment);
  if (targets.descriptor != stage.file) targets.made_from = stage.file;
  if (options.write && !targets.made_from.empty()) {
    open_copy(targets, environment);
  } else if (options.write) {
    targets.file = opened("--write", stage.file);
    if (targets.file->text() != stage.text)
      throw Failure("--write: " + stage.file +
                    ": changed since it was read: nothing was run or written");
  }
  return open_pictures(std::move(targets), options, stage);
}

}  // namespace fitrun
