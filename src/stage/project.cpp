#include "stage/project.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "os/fd.h"
#include "os/file.h"
#include "stage/find.h"
#include "stage/toml_spans.h"
#include "stage/toml_text.h"

namespace fitrun {
namespace {

// Whether somebody besides its owner and root may write to it. A group of the
// owner's number is the owner's own, as Debian and Red Hat make them; with an
// access list the group's bits are those of everybody in the list.
bool others_write(int file, const struct stat& info) {
  if ((info.st_mode & S_IWOTH) != 0) return true;
  if ((info.st_mode & S_IWGRP) == 0) return false;
  return info.st_gid != info.st_uid ||
         ::fgetxattr(file, "system.posix_acl_access", nullptr, 0) > 0;
}

// What speaks against trusting it; "" for nothing.
std::string distrust(int file, const std::string& name) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return path_error(name, errno).message;
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return name + " belongs to another user";
  return others_write(file, info) ? name + " can be written by others" : "";
}

// "" for the file's own folder.
std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

std::optional<std::vector<std::string>> names_in(const toml::table& root) {
  const toml::table* const stages = root["stages"].as_table();
  if (!stages) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& [key, node] : *stages) names.emplace_back(key.str());
  std::sort(names.begin(), names.end());
  return names;
}

void load(const Fd& file, Project& project) {
  const std::string folder = folder_of(project.file) + ".";
  const Fd above(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    project.ignored = project.file + ": not a regular file";
    return;
  }
  project.ignored = distrust(file.get(), project.file);
  if (project.ignored.empty())
    project.ignored = distrust(above.get(), "the folder of " + project.file);
  if (!project.ignored.empty()) return;
  auto text = read_open(file, project.file, kLargestDescriptor);
  if (!text) {
    project.ignored = text.error().message;
    return;
  }
  project.text = std::move(*text);
  auto parsed = parse_toml(project.text);
  if (const auto* const mistake = std::get_if<Diagnostic>(&parsed)) {
    const std::string all =
        render_diagnostics({*mistake}, project.file, project.text);
    project.ignored = all.substr(0, all.find('\n'));
    return;
  }
  project.stages =
      names_in(std::get<toml::table>(parsed)).value_or(project.stages);
}

// The beginning of the comment lines right above a header, or of the header.
std::size_t start_of_comment(std::string_view text, std::size_t header) {
  std::size_t line = text.rfind('\n', header) + 1;
  while (line > 0) {
    const std::size_t above =
        line > 1 ? text.rfind('\n', line - 2) + 1 : std::size_t{0};
    if (text[above] != '#') break;
    line = above;
  }
  return line;
}

}  // namespace

bool Project::has(std::string_view name) const {
  return std::binary_search(stages.begin(), stages.end(), name);
}

std::optional<std::vector<std::string>> stage_names(std::string_view text) {
  const auto parsed = parse_toml(text);
  const auto* const root = std::get_if<toml::table>(&parsed);
  return root ? names_in(*root) : std::nullopt;
}

std::string text_of_stage(std::string_view text, const std::string& name) {
  const std::string path = "stages." + name;
  std::size_t from = text.size();
  std::size_t to = text.size();
  const auto spans = find_spans(text);
  if (!spans) return std::string(text);
  for (const TomlSpan& span : *spans) {
    if (span.kind != SpanKind::table_header) continue;
    if (span.path == path || span.path.starts_with(path + ".")) {
      from = std::min(from, start_of_comment(text, span.begin));
    } else if (from < text.size()) {
      to = start_of_comment(text, span.begin);
      break;
    }
  }
  return std::string(from < to ? text.substr(from, to - from) : text);
}

Project find_project() {
  Project project;
  char here[PATH_MAX];
  if (!::getcwd(here, sizeof here) || here[0] != '/') return project;
  const std::string_view path = here;
  const auto levels =
      path == "/" ? 0 : std::count(path.begin(), path.end(), '/');
  std::string above;
  for (auto level = levels; level >= 0; --level) {
    project.file = above + kProjectFile;
    const Fd file(::open(project.file.c_str(),
                         O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file) {
      load(file, project);
      return project;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
      project.ignored = path_error(project.file, errno).message;
      return project;
    }
    above += "../";
  }
  project.file.clear();
  return project;
}

}  // namespace fitrun
