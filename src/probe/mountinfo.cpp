#include "probe/mountinfo.h"

#include <algorithm>
#include <climits>
#include <optional>
#include <unordered_set>

#include "base/text.h"

namespace fitrun {
namespace {

// Fields are parted by single blanks, and one of them, the device, can be
// empty.
std::string_view take_field(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return field;
}

// Escapes make a path up to four times as long.
bool is_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= 4UL * PATH_MAX;
}

// id parent major:minor ROOT POINT options [optional...] - TYPE device OPTIONS
struct Fields {
  std::string_view root, point, type, options;
};

std::optional<Fields> cut(std::string_view line) {
  Fields fields;
  for (int skipped = 0; skipped < 3; ++skipped) take_field(line);
  fields.root = take_field(line);
  fields.point = take_field(line);
  do {  // options of the mount, then any number of optional fields
    if (line.empty()) return std::nullopt;
  } while (take_field(line) != "-");
  fields.type = take_field(line);
  take_field(line);
  fields.options = take_field(line);
  if (!is_path(fields.root) || !is_path(fields.point)) return std::nullopt;
  return fields;
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

bool is_wanted_type(std::string_view type) {
  return type == "cgroup2" || type == "cgroup" || type == "fuse.lxcfs";
}

}  // namespace

bool Mount::has_option(std::string_view word) const {
  std::string_view rest = options;
  while (!rest.empty()) {
    const std::size_t end = rest.find(',');
    if (rest.substr(0, end) == word) return true;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return false;
}

std::string unescape_octal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
        is_octal(text[i + 2]) && is_octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 +
                               (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_cgroup_mount_line(std::string_view line) {
  const auto fields = cut(line);
  return fields && is_wanted_type(fields->type);
}

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  while (!text.empty()) {
    const auto fields = cut(take_line(text));
    if (!fields || !is_wanted_type(fields->type)) continue;
    mounts.push_back({unescape_octal(fields->root),
                      unescape_octal(fields->point), std::string(fields->type),
                      std::string(fields->options)});
  }
  // What was mounted last is what a path leads to.
  std::unordered_set<std::string> taken;
  std::vector<Mount> visible;
  for (std::size_t i = mounts.size(); i-- > 0;)
    if (taken.insert(mounts[i].point).second)
      visible.push_back(std::move(mounts[i]));
  std::reverse(visible.begin(), visible.end());
  return visible;
}

}  // namespace fitrun
