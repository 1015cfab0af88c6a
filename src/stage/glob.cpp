#include "stage/glob.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>

#include "base/text.h"
#include "os/file.h"

namespace fitrun {
namespace {

// What stands between two slashes of a pattern.
struct Part {
  enum Kind { literal, wild, any_depth };
  Kind kind = literal;
  std::string text;  // of a literal without its backslashes
};

std::vector<Part> parts_of(std::string_view pattern) {
  std::vector<Part> parts;
  for (const std::string_view text : split(pattern, '/')) {
    if (text.empty()) continue;
    if (text == "**") {
      if (parts.empty() || parts.back().kind != Part::any_depth)
        parts.push_back({Part::any_depth, ""});
    } else if (is_glob(text)) {
      parts.push_back({Part::wild, std::string(text)});
    } else {
      Part part;
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        part.text += text[i];
      }
      parts.push_back(std::move(part));
    }
  }
  // Whatever is there, at any depth.
  if (!parts.empty() && parts.back().kind == Part::any_depth)
    parts.push_back({Part::wild, "*"});
  return parts;
}

// Which parts of the pattern a name in a folder may have to match. All of them
// are followed at once, so that no folder is read twice and no file is found
// twice, however many `**` there are.
using Places = std::set<std::size_t>;

class Search {
 public:
  explicit Search(std::string_view pattern) : parts_(parts_of(pattern)) {
    folders_.push_back({pattern.starts_with('/') ? "/" : "", {0}});
  }

  Result<std::vector<std::string>> run() {
    while (!folders_.empty()) {
      const Folder folder = std::move(folders_.back());
      folders_.pop_back();
      if (const auto done = visit(folder); !done) return done.error();
    }
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  struct Folder {
    std::string path;  // "" is the current one, others end with a slash
    Places places;
  };

  // A name in a folder: the places behind it, those that only a folder itself,
  // and no link to one, leads to, and whether the name was seen there.
  struct Next {
    Places places;
    Places unlinked;
    bool seen = false;
  };
  using Names = std::map<std::string, Next>;

  static bool is_absent(int code) { return code == ENOENT || code == ENOTDIR; }

  // `**` may also stand for no folder at all.
  Places here(const Places& places) const {
    Places all = places;
    for (const std::size_t place : places)
      if (parts_[place].kind == Part::any_depth) all.insert(place + 1);
    return all;
  }

  Result<void> visit(const Folder& folder) {
    const Places places = here(folder.places);
    Names names;
    bool all_literal = true;
    for (const std::size_t place : places) {
      if (parts_[place].kind == Part::literal)
        names[parts_[place].text].places.insert(place + 1);
      else
        all_literal = false;
    }
    if (!all_literal) {
      if (auto done = list(folder.path, places, names); !done) return done;
    }
    for (const auto& [name, next] : names) {
      if (auto done = follow(folder.path + name, next); !done) return done;
    }
    return {};
  }

  Result<void> list(const std::string& path, const Places& places,
                    Names& names) const {
    const char* const folder = path.empty() ? "." : path.c_str();
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder),
                                                  ::closedir);
    if (!dir) {
      if (is_absent(errno)) return {};
      return path_error(folder, errno);
    }
    errno = 0;
    while (const dirent* const entry = ::readdir(dir.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      for (const std::size_t place : places) {
        const Part& part = parts_[place];
        const bool may_be_folder =
            entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
        if (part.kind == Part::any_depth && name[0] != '.' && may_be_folder)
          names[name].unlinked.insert(place);
        if (part.kind == Part::wild &&
            ::fnmatch(part.text.c_str(), name.c_str(), FNM_PERIOD) == 0)
          names[name].places.insert(place + 1);
      }
      if (const auto at = names.find(name); at != names.end())
        at->second.seen = true;
      errno = 0;
    }
    if (errno != 0) return path_error(folder, errno);
    return {};
  }

  Result<void> follow(const std::string& path, const Next& next) {
    Places places = next.places;
    const bool found = places.erase(parts_.size()) > 0;
    const bool ends_here = places.empty() && next.unlinked.empty();
    if (!next.seen || !ends_here) {
      struct stat info {};
      if (::lstat(path.c_str(), &info) != 0) {
        if (is_absent(errno)) return {};
        return path_error(path, errno);
      }
      if (S_ISDIR(info.st_mode))
        places.insert(next.unlinked.begin(), next.unlinked.end());
      else if (!S_ISLNK(info.st_mode))
        places.clear();
    }
    if (found) found_.push_back(path);
    if (!places.empty()) folders_.push_back({path + "/", std::move(places)});
    return {};
  }

  std::vector<Part> parts_;
  std::vector<Folder> folders_;  // still to be looked into
  std::vector<std::string> found_;
};

}  // namespace

bool is_glob(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '*' || text[i] == '?' || text[i] == '[')
      return true;
  }
  return false;
}

std::string glob_of_literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("*?[]!^-\\").find(c) != std::string_view::npos)
      out += '\\';
    out += c;
  }
  return out;
}

Result<std::vector<std::string>> find_glob(std::string_view pattern) {
  // With a slash at its end it names folders alone.
  if (pattern.empty() || pattern.ends_with('/'))
    return std::vector<std::string>();
  return Search(pattern).run();
}

}  // namespace fitrun
