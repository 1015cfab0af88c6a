#include "stage/cost.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "os/file.h"
#include "stage/glob.h"

namespace fitrun {
namespace {

struct FileSizes {
  double bytes = 0;
  std::size_t files = 0;
  std::string pointer;  // the first that is a Git LFS pointer; empty: none
};

// ENOENT and the like: the input is not there, which may be allowed.
bool is_absent(int code) {
  return code == ENOENT || code == ENOTDIR;
}

// What Git checks out in place of a large file that was not fetched: a text
// below 1024 bytes with its version first, by the specification of Git LFS (the
// second address is that of its first release).
bool is_lfs_pointer(const std::string& path) {
  const auto text = read_file(path, 1023);
  return text &&
         (text->starts_with("version https://git-lfs.github.com/spec/") ||
          text->starts_with("version https://hawser.github.com/spec/"));
}

// Adds a file to `sizes`.
Result<void> add_file(const std::string& path, FileSizes& sizes) {
  // No pointer is smaller than its version, and where many small files are
  // inputs a few are looked at: a checkout without data has pointers alone.
  constexpr off_t kSmallestPointer = 100;
  constexpr off_t kLargestPointer = 1023;
  constexpr std::size_t kMostLooks = 8;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return path_error(path, errno);
  if (S_ISDIR(info.st_mode)) {
    return Error{
        fmt::format("{0}: is a directory (a glob like {0}/* counts the files "
                    "in it)",
                    path),
        EISDIR};
  }
  if (!S_ISREG(info.st_mode))
    return Error{path + ": not a regular file", EINVAL};
  if (::access(path.c_str(), R_OK) != 0) return path_error(path, errno);
  sizes.bytes += static_cast<double>(info.st_size);
  ++sizes.files;
  const bool may_be_pointer =
      info.st_size >= kSmallestPointer && info.st_size <= kLargestPointer;
  if (may_be_pointer && sizes.files <= kMostLooks && sizes.pointer.empty() &&
      is_lfs_pointer(path))
    sizes.pointer = path;
  return {};
}

// The regular files that a pattern names. Folders, sockets and the like among
// them are passed over: a pattern like data/* means the files there. A link to
// nothing is an input that is absent.
Result<FileSizes> size_of_glob(const FileCost& cost) {
  const auto paths = find_glob(cost.pattern);
  if (!paths) return paths.error();
  FileSizes sizes;
  for (const std::string& path : *paths) {
    const auto added = add_file(path, sizes);
    if (added) continue;
    const int code = added.error().code;
    if (code == EISDIR || code == EINVAL) continue;
    if (is_absent(code)) {
      struct stat link {};
      const bool gone = ::lstat(path.c_str(), &link) != 0;  // since it was seen
      if (gone || cost.missing == Missing::zero) continue;
    }
    return added.error();
  }
  if (sizes.files == 0) return Error{cost.path + ": no file matches", ENOENT};
  return sizes;
}

Result<FileSizes> sizes_of(const FileCost& cost) {
  FileSizes sizes;
  const auto added = add_file(cost.path, sizes);
  if (added) return sizes;
  // A file whose name holds a bracket is itself before it is a pattern.
  if (is_absent(added.error().code) && !cost.pattern.empty())
    return size_of_glob(cost);
  return added.error();
}

std::string describe(const FileCost& cost, const FileSizes& sizes) {
  std::string text = cost.file + ", ";
  if (sizes.files > 1) text += fmt::format("{} files, ", sizes.files);
  text += format_bytes(sizes.bytes);
  if (cost.parse_factor == 1) return text;
  const std::string factor = fmt::format("{:.10g}", cost.parse_factor);
  const bool whole = factor.find_first_of(".e") == std::string::npos;
  return text + " x " + factor + (whole ? ".0" : "");
}

}  // namespace

CostSum sum_cost(const Cost& cost, std::vector<std::string>& errors) {
  CostSum sum;
  for (const CostTerm& term : cost) {
    CostItem item{0, "", term.origin, ""};
    if (const Bytes* const bytes = std::get_if<Bytes>(&term.amount)) {
      item.bytes = static_cast<double>(bytes->count);
    } else {
      const FileCost& file = std::get<FileCost>(term.amount);
      const auto sizes = sizes_of(file);
      if (sizes) {
        item.bytes = sizes->bytes * file.parse_factor;
        item.what = describe(file, *sizes);
        if (!sizes->pointer.empty()) {
          item.warning = fmt::format(
              "{}: {} is a Git LFS pointer, not the data: run \"git lfs pull\"",
              term.origin, sizes->pointer);
        }
      } else if (file.missing == Missing::zero &&
                 is_absent(sizes.error().code)) {
        item.what = file.file + ", missing, counts as 0";
      } else {
        std::string message = term.origin + ": error: " + sizes.error().message;
        if (is_absent(sizes.error().code))
          message += " (missing = \"zero\" would count it as 0)";
        errors.push_back(std::move(message));
        continue;
      }
    }
    sum.bytes += item.bytes;
    sum.items.push_back(std::move(item));
  }
  return sum;
}

}  // namespace fitrun
