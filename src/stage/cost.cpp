#include "stage/cost.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/text.h"
#include "os/file.h"

namespace fitrun {
namespace {

struct FileSizes {
  double bytes = 0;
  std::size_t files = 0;
};

// ENOENT and the like: the input is not there, which may be allowed.
bool is_absent(int code) {
  return code == ENOENT || code == ENOTDIR;
}

Result<FileSizes> size_of_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return path_error(path, errno);
  if (S_ISDIR(info.st_mode)) {
    return Error{path + ": is a directory (a glob like " + path +
                     "/* counts the files in it)",
                 EISDIR};
  }
  if (!S_ISREG(info.st_mode))
    return Error{path + ": not a regular file", EINVAL};
  if (::access(path.c_str(), R_OK) != 0) return path_error(path, errno);
  return FileSizes{static_cast<double>(info.st_size), 1};
}

// The regular files that a pattern names. Folders among them are passed over:
// a pattern like data/* means the files there.
Result<FileSizes> size_of_glob(const std::string& pattern) {
  glob_t found{};
  const int code = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  FileSizes sizes;
  for (std::size_t i = 0; code == 0 && i < found.gl_pathc; ++i) {
    struct stat info {};
    if (::stat(found.gl_pathv[i], &info) != 0 || !S_ISREG(info.st_mode))
      continue;
    sizes.bytes += static_cast<double>(info.st_size);
    ++sizes.files;
  }
  ::globfree(&found);
  if (code == GLOB_NOSPACE) return path_error(pattern, ENOMEM);
  if (code == GLOB_ABORTED) return path_error(pattern, EIO);
  if (sizes.files == 0) return Error{pattern + ": no file matches", ENOENT};
  return sizes;
}

Result<FileSizes> sizes_of(const std::string& path) {
  auto file = size_of_file(path);
  // A file whose name holds a bracket is itself before it is a pattern.
  if (file || !is_absent(file.error().code) ||
      path.find_first_of("*?[") == std::string::npos)
    return file;
  return size_of_glob(path);
}

std::string describe(const FileCost& cost, const FileSizes& sizes) {
  std::string text = cost.file + ", ";
  if (sizes.files > 1) text += std::to_string(sizes.files) + " files, ";
  text += format_bytes(sizes.bytes);
  if (cost.parse_factor != 1) {
    char factor[32];
    std::snprintf(factor, sizeof factor, " x %.10g", cost.parse_factor);
    text += factor;
    if (text.find_first_of(".e", text.rfind(' ')) == std::string::npos)
      text += ".0";
  }
  return text;
}

}  // namespace

CostSum sum_cost(const Cost& cost, std::vector<std::string>& errors) {
  CostSum sum;
  for (const CostTerm& term : cost) {
    CostItem item{0, "", term.origin};
    if (const Bytes* const bytes = std::get_if<Bytes>(&term.amount)) {
      item.bytes = static_cast<double>(bytes->count);
    } else {
      const FileCost& file = std::get<FileCost>(term.amount);
      const auto sizes = sizes_of(file.path);
      if (sizes) {
        item.bytes = sizes->bytes * file.parse_factor;
        item.what = describe(file, *sizes);
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
